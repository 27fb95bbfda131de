// Screenshots of every view into the folder that is given: light, dark and phone.
import { browse, serve } from "./serve.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node playground/test/shots.mjs FOLDER");
const site = await serve();
const browser = await browse();
for (const [name, options] of Object.entries({
  light: { colorScheme: "light", viewport: { width: 1200, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true },
})) {
  const page = await browser.newPage(options);
  page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && console.log(`${name}: ${message.text()}`));
  for (const view of ["regression", "features", "training", "kernel", "speed"]) {
    await page.goto(`${site.url}#${view}`);
    await page.waitForTimeout(view === "training" ? 4000 : 800);
    await page.screenshot({ path: `${folder}/${view}-${name}.png`, fullPage: true });
  }
  await page.close();
}
await browser.close();
site.close();
