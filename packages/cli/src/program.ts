/** The command line: commands, options, help. */
import { Command, InvalidArgumentError, Option } from "commander";
import { benchCommand } from "./bench.js";
import { type CompareOptions, compareCommand } from "./compare.js";
import { type FitOptions, fitCommand } from "./fit.js";
import { KINDS, WIDTH } from "./models.js";
import { type PredictOptions, predictCommand } from "./predict.js";
import { type CommonOptions, Session } from "./session.js";

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];
const listed = (value: string) => value.split(",").map((part) => part.trim());

/** A whole number within bounds. */
function whole(low: number, high = Number.MAX_SAFE_INTEGER) {
  return (value: string): number => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isInteger(number) || number < low || number > high)
      throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`);
    return number;
  };
}

function within(low: number, high: number, what: string) {
  return (value: string): number => {
    const number = Number(value);
    if (value.trim() === "" || !(number > low && number < high)) throw new InvalidArgumentError(`Expected ${what}.`);
    return number;
  };
}

const threads = (value: string) => (value === "auto" ? value : whole(1, 256)(value));
const depths = (value: string) => listed(value).map(whole(0, 20));

/** Options of all commands. */
function common(command: Command): Command {
  return command
    .addOption(new Option("--threads <n>", "threads, or auto").argParser(threads).default("auto"))
    .addOption(new Option("--variant <name>", "default: the fastest here").choices(["relaxed", "simd", "js"]))
    .option("--quiet", "the result alone: no notes, no progress, no plot")
    .option("--json", "the result as one line of JSON");
}

/** Options of commands that learn from a table. */
function learning(command: Command): Command {
  return command
    .argument("<data.csv>", 'table with a header; "-" is the standard input')
    .requiredOption("--target <column>", "column to predict; may be given again", several)
    .option("--classify", "the target holds labels")
    .addOption(
      new Option("--method <name>", "of labels; default: dirichlet, and laplace where models are searched").choices([
        "dirichlet",
        "laplace",
      ]),
    )
    .option("--ignore <columns>", "columns that are no inputs, a,b,c", listed)
    .option("--categorical <columns>", "columns of numbers that are categories, a,b,c", listed)
    .option("--drop-missing", "leave out rows with missing cells, instead of refusing them")
    .option("--tune", "also choose activation, depth and scales by the evidence")
    .option("--activation <names>", "erf,relu,…: of several the one of the best evidence (erf)", listed)
    .option("--depth <numbers>", "hidden layers, 1,2,3: of several that of the best evidence (2)", depths)
    .option("--width <n>", "units of a hidden layer of a finite network", whole(1, 100_000), WIDTH)
    .option("--folds <n>", "parts of a cross-validation", whole(2), 5)
    .option("--seed <n>", "of folds and of the weights of finite networks", whole(0), 0)
    .option("--plot <file.svg>", "write a picture")
    .option("--no-plot", "no plot in the terminal")
    .option("--force", "replace files that are there");
}

/** Runs a command, and gives the worker back whatever happens. */
async function inSession<O extends CommonOptions>(options: O, run: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session(options);
  try {
    await run(session);
  } finally {
    session.close();
  }
}

/** The program, as it is called. */
export function programOf(name: string, version: string): Command {
  const program = new Command(name)
    .description("From a table to a fitted tangent kernel and its predictions.")
    .version(version, "--version")
    .exitOverride()
    .configureHelp({
      helpWidth: 80,
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map((each) => `<${each.name()}>`)].join(" "),
    })
    .showHelpAfterError(`(${name} --help says more)`);
  const fit = program.command("fit").description("fit a table, say how good the fit is, save it");
  common(
    learning(fit)
      .addOption(new Option("--model <kind>", "what is fitted").choices(KINDS).default("infinite"))
      .option(
        "--ridge <number>",
        "ridge of standardized targets; default: by the evidence",
        within(0, Infinity, "a number > 0"),
      )
      .option("--save <model.json>", "write what predict needs"),
  ).action((path: string, options: FitOptions) => inSession(options, (session) => fitCommand(path, options, session)));
  const predict = program.command("predict").description("predict the rows of a table, as CSV");
  common(
    predict
      .argument("<model.json>", "what fit --save wrote")
      .argument("<new.csv>", 'table with the same columns; "-" is the standard input')
      .option(
        "--level <part>",
        "of new observations between lower and upper",
        within(0, 1, "a number between 0 and 1"),
        0.9,
      )
      .option("--jackknife", "lower and upper from leave-one-out residuals (jackknife+)")
      .option("--keep", "the columns of the table first")
      .addOption(
        new Option("--unknown <how>", "a category that the fit has not seen")
          .choices(["error", "zeros"])
          .default("error"),
      )
      .option("--seed <n>", "of the draws behind probabilities of three classes and more", whole(0), 0),
  ).action((model: string, path: string, options: PredictOptions) =>
    inSession(options, (session) => predictCommand(model, path, options, session)),
  );
  const compare = program.command("compare").description("cross-validate the usual models side by side");
  const rounds = learning(compare)
    .option("--repeats <n>", "permutations that are cut into folds", whole(1, 1000), 1)
    .option("--steps <n>", "steps of Adam of the network that is really trained", whole(1, 1e6), 200);
  common(rounds).action((path: string, options: CompareOptions) =>
    inSession(options, (session) => compareCommand(path, options, session)),
  );
  common(program.command("bench").description("GFLOP/s and the time of a fit on this machine")).action(
    (options: CommonOptions) => inSession(options, (session) => benchCommand(options, session)),
  );
  for (const command of program.commands) command.exitOverride().configureHelp({ helpWidth: 80 });
  return program;
}
