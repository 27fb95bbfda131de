// The words of the story. No letter stands before its meaning, and a sentence has one fact.
import { guide, view } from "./links";
import { SMALL, WAVE, WIDE } from "./step";

export interface StepText {
  title: string;
  /** HTML of this program, never of a user: paragraphs. */
  words: string[];
  /** What to do with the figure. */
  try: string;
  /** What the figure rests on, below it. */
  note?: string;
  links: readonly (readonly [text: string, address: string])[];
}

const { hidden, weightStd, biasStd, seed } = SMALL;
const small = { width: hidden, weightStd, biasStd, seed };
const wide = { weightStd: WIDE.weightStd, biasStd: WIDE.biasStd };
const points = WAVE.map((pair) => pair.join()).join("_");

export const INTRO = {
  title: "What training does to a network",
  words:
    "Five figures lead from a small network to its tangent kernel, and to where the kernel stops being true. Drag the rings and the sliders: this browser computes every curve anew.",
};

export const STEPS: readonly StepText[] = [
  {
    title: "A network is a sum of bent lines",
    words: [
      "A small network takes a number <i>x</i> and gives a number <i>f</i>. Each of its four units draws one bent line, the sigmoid <i>σ</i>, which climbs from 0 to 1. The network steepens the lines by <i>c</i>, shifts them by <i>d</i>, stretches them by <i>b</i>, and adds them to a constant <i>a</i>:",
      "<b class='formula'><i>f</i>(<i>x</i>) = <i>a</i> + Σ <i>b</i> <i>σ</i>(<i>c</i> <i>x</i> + <i>d</i>)</b>",
    ],
    try: "Drag a ring up or down to change its <i>b</i>, left or right to change its <i>d</i>. The heavy line is the sum.",
    links: [
      ["The four units in the features view", view("features", small)],
      ["Networks, in the guide", guide("models")],
    ],
  },
  {
    title: "A small step changes it along four families",
    words: [
      "Change one weight a little. The network’s line then changes by a multiple of one fixed curve, the <b>feature</b> of that weight. There are four families of features: a constant, sigmoids, bells (the slopes of the sigmoids), and impulse responses (bells times <i>x</i>). The changes of several weights add up.",
    ],
    try: "Move the sliders of a unit. The dashed line adds the features, and the heavy line is the network itself. They agree while the changes are small.",
    links: [
      ["The features in a view of their own", view("features", small)],
      ["The features as formulas", guide("mathematics", "1-the-network-and-its-tangent-features")],
    ],
  },
  {
    title: "So training is a regression on these features",
    words: [
      "Each small step of training adds a mixture of features. So the end of training is a linear regression of the data on the features, and a penalty on large changes, the ridge <i>λ</i>, keeps it smooth. The regression needs only to know how alike the features are at two places: this likeness is the <b>tangent kernel</b>.",
    ],
    try: "Drag a point, and the regression follows. Move the steps of training back to see the way from the start.",
    links: [
      [
        "These points in the regression view",
        view("regression", {
          model: "finite",
          activation: "sigmoid",
          width: 6,
          ...wide,
          ridge: -2,
          f: "0,1,0,1",
          p: points,
        }),
      ],
      ["The regression as formulas", guide("mathematics", "3-regression")],
    ],
  },
  {
    title: "Only while the weights stay near their start",
    words: [
      "When the weights move, their features move too. The regression on the first features, the <b>first-order model</b>, then parts from the network. In a wide network each weight moves little, and the two stay together.",
    ],
    try: "Raise the rate past 100 %: the first-order model cannot settle there, and some networks can.",
    note: "Both rows start from the same random numbers. LeCun makes the weights <i>b</i> smaller in wider networks. “ntk” keeps <i>b</i> and divides the sum instead, so that <i>c</i> and <i>d</i> take a larger part in training. The gap is the distance of the two lines, as a share of how far the model has come.",
    links: [
      ["One race in the training view", view("training", { width: 5, ...wide, horizon: 2.5 })],
      ["Width, horizon and rates, in the guide", guide("limits", "width")],
    ],
  },
  {
    title: "A trained network can beat its kernel, or lose to it",
    words: [
      "Features that move towards the structure of the data are a gain. On the left one input of six matters, and the network turns its units to it. Features that move towards noise are a loss. On the right the noise is as large as the plane beneath it, and the network learns the noise sooner.",
    ],
    try: "Change the seed, which draws the data and the start, or try ten of them.",
    note: "Both figures rest on a network of 64 units (“ntk”), 150 points to train on, 500 points to test on, and 1000 steps with momentum at half the largest stable rate. The test error is the root mean square distance from the truth without noise. Stopped at their lowest points on the right, both are about equally good.",
    links: [
      ["A network of 64 units in the training view", view("training", { width: 6, weightStd: 2, biasStd: 1 })],
      ["What the kernel does not tell you", guide("limits", "what-it-does-not-tell-you")],
    ],
  },
];
