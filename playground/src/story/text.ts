// The words of the story. No letter stands before its meaning, and a sentence has one fact.
import { guide, view } from "./links";
import { SMALL, WAVE, WIDE } from "./step";

export interface StepText {
  title: string;
  /** HTML of this program, never of a user: paragraphs. */
  words: string[];
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
      "A small network takes a number <i>x</i> and gives a number <i>f</i>. Each of its four units draws one bent line: the sigmoid <i>σ</i>, which climbs from 0 to 1.",
      "Three weights belong to a unit. The steepness <i>c</i> and the shift <i>d</i> say how fast and where its line bends. The output weight <i>b</i> stretches it. The network adds the four lines to a constant <i>a</i>:",
      "<b class='formula'><i>f</i>(<i>x</i>) = <i>a</i> + Σ <i>b</i> <i>σ</i>(<i>c</i> <i>x</i> + <i>d</i>)</b>",
      "Drag a ring up or down to change <i>b</i>, left or right to change <i>d</i>. The black line is the sum.",
    ],
    links: [
      ["The four units in the features view", view("features", small)],
      ["Networks, in the guide", guide("models")],
    ],
  },
  {
    title: "A small step changes it along four families",
    words: [
      "Change one weight a little. The network’s line changes by a multiple of one fixed curve, the <b>feature</b> of that weight.",
      "There are four families. The weight <i>a</i> has a constant. Each <i>b</i> has its unit’s sigmoid. Each <i>d</i> has a bell, the slope of that sigmoid. Each <i>c</i> has the bell times <i>x</i>, which is called an impulse response.",
      "Changes of several weights add up. The sum is right for small changes, and off for large ones.",
    ],
    links: [
      ["More units in the features view", view("features", small)],
      ["The features as formulas", guide("mathematics", "1-the-network-and-its-tangent-features")],
    ],
  },
  {
    title: "So training is a regression on these features",
    words: [
      "Training takes many small steps, and each one adds a mixture of features. So the end of training is a linear regression of the data on the features. A penalty on large changes, the ridge <i>λ</i>, keeps it smooth.",
      "The regression needs only one thing about the features: how alike they are at two places. This likeness is a function of the two places, and its name is the <b>tangent kernel</b>.",
      "Drag a point, and the regression follows. Move the steps of training back to see the way from the network at its start.",
    ],
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
      "The features are those of the starting weights. When the weights move, the features move too. The regression on the first features, the <b>first-order model</b>, then parts from the network.",
      "Below, both train side by side. The gap is their distance, as a share of how far the model has come. Wide networks stay close: many weights share the work, and each one moves little.",
      "The two rows scale the same random weights in different ways. LeCun divides the starting weights by the root of the number of units. “ntk” divides inside the network instead, so that the weights <i>c</i> and <i>d</i> take a larger part in training. Above 100 % of the rate, the first-order model cannot settle.",
    ],
    links: [
      ["One race in the training view", view("training", { width: 5, ...wide, horizon: 2.5 })],
      ["Width, horizon and rates, in the guide", guide("limits", "width")],
    ],
  },
  {
    title: "A trained network can beat its kernel, or lose to it",
    words: [
      "Features that move are a gain where they move towards the data’s structure. On the left only one of six inputs matters. The network turns its units to that input, and the kernel cannot.",
      "They are a loss where they move towards noise. On the right the truth is a plane, and the noise is as large as the plane. The network learns the noise sooner. Stopped at their lowest points, both are about equally good.",
      "Both figures rest on one network of 64 units (“ntk”), 150 points to train on, 500 points to test on, and 1000 steps with momentum at half the largest stable rate. The test error is the root mean square distance from the truth without noise. The seed draws the data and the start.",
    ],
    links: [
      ["A network of 64 units in the training view", view("training", { width: 6, weightStd: 2, biasStd: 1 })],
      ["What the kernel does not tell you", guide("limits", "what-it-does-not-tell-you")],
    ],
  },
];
