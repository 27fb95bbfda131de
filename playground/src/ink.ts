/** What a colour of the style sheet is now. */
export const ink = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
