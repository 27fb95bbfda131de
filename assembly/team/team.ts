// Threads. A team is a number of instances of this module on one shared memory, an instance for each thread. The thread
// that calls an op leads; the others help. An op cuts its work into units that write different entries. Every thread
// claims units from one counter until none is left, so a unit is computed once, by whoever comes first. A unit's
// arithmetic does not depend on the thread: results are equal to the bit whatever the number of threads.
//
// A region is open while there are units to claim. Helpers that are late, asleep or dead cost nothing: the leader
// computes what nobody else has claimed, closes the region, and waits only for the helpers that are inside.
//
//   gate   epoch << 10 | QUIT | OPEN | helpers inside       one word, so that nobody enters a region that has closed
//
// Each instance has globals of its own: they are what a thread knows of its team. All instances have the same functions
// at the same places of their tables, so a unit is given by its index.

// @ts-ignore: decorator
@inline const OPEN: i32 = 0x100;
// @ts-ignore: decorator
@inline const QUIT: i32 = 0x200;
// @ts-ignore: decorator
@inline const INSIDE: i32 = 0xff;
// @ts-ignore: decorator
@inline const EPOCH: i32 = 0x400;

/**
 * Looks at the gate before a helper sleeps, about 100 µs. The serial parts of a factorisation are shorter, and a
 * wake-up takes 30 to 50 µs.
 */
// @ts-ignore: decorator
@inline const LOOKS: i32 = 40_000;
/** Looks at the gate before the leader sleeps, where it may: a helper whose core was taken away needs that core. */
// @ts-ignore: decorator
@inline const LEADER_LOOKS: i32 = 400_000;

/** The words of a team in shared memory; those that different threads write lie in different cache lines. */
@unmanaged
class Team {
  gate: i32;
  /** Helpers asleep on the gate. */
  sleepers: i32;
  /** 1 while the leader sleeps on the gate. */
  leaderSleeps: i32;
  /** Set by a thread that failed, or by the leader about one that does not answer. */
  lost: i32;
  /** 1 where the leading thread may sleep: a page's main thread must not. */
  maySleep: i32;
  /** Seconds without a finished unit after which a helper that is inside counts as lost. */
  patience: i32;
  // What the region is: written by the leader before it opens.
  /** Index of the function that computes a unit. */
  unit: u32;
  units: i32;
  job: usize;
  work: usize;
  workBytes: usize;
  /** Nanoseconds of work below which one thread does it. */
  leastWork: f64;
  reserved: i64;
  /** The next unit to claim: the second cache line. */
  next: i32;
  /** Units that were finished. */
  done: i32;
  /** Units that helpers have computed, and regions that were opened, since the team began. */
  helped: i32;
  regions: i32;
  /** Units of these regions. */
  opened: i32;
}

/** Bytes of a team: its words, and room for a job. */
export function teamBytes(): i32 {
  return <i32>(WORDS + JOB);
}

// @ts-ignore: decorator
@inline const WORDS: usize = 256;
// @ts-ignore: decorator
@inline const JOB: usize = 256;

/** Room for the job of an op that has no scratch; regions do not nest. */
export function jobRoom(): usize {
  return team + WORDS;
}

/** A job whose units are ranges of rows. */
@unmanaged
export class Rows {
  rowStart: i32;
  rowEnd: i32;
  /** Rows of a unit. */
  rows: i32;
}

/** First row of a unit. */
// @ts-ignore: decorator
@inline
export function firstRow(job: Rows, unit: i32): i32 {
  return job.rowStart + unit * job.rows;
}

/** The row after the last one of a unit. */
// @ts-ignore: decorator
@inline
export function endRow(job: Rows, unit: i32): i32 {
  return min(job.rowStart + (unit + 1) * job.rows, job.rowEnd);
}

/** Units of a thread, at least, where rows are shared: what the last one computes alone is then a few percent. */
// @ts-ignore: decorator
@inline const UNITS_A_THREAD: i32 = 16;

/** Shares rows [rowStart, rowEnd) in units of a multiple of `multiple` rows. */
export function shareRows(
  compute: Unit, job: Rows, rowStart: i32, rowEnd: i32, multiple: i32, work: usize, workBytes: usize,
): void {
  const share = (rowEnd - rowStart) / (UNITS_A_THREAD * size), rows = max(1, share / multiple) * multiple;
  job.rowStart = rowStart;
  job.rowEnd = rowEnd;
  job.rows = rows;
  openRegion(compute, (rowEnd - rowStart + rows - 1) / rows, changetype<usize>(job), work, workBytes);
}

/** Computes one unit of a job, in scratch of its thread. */
export type Unit = (job: usize, unit: i32, work: usize) => void;

/** 0: this instance works alone. */
let team: usize = 0;
let size: i32 = 1;
/** True inside a region: what a unit calls is one thread's. */
let inside: bool = false;

/** Makes this instance the leader of `threads` threads; address 0 ends that. */
export function lead(address: usize, threads: i32): void {
  team = address;
  size = address ? threads : 1;
}

/** Threads for which an op needs scratch of their own. */
export function threads(): i32 {
  return size;
}

/** True where work of so many nanoseconds is shared. */
export function isShared(work: f64): bool {
  return team != 0 && !inside && work > changetype<Team>(team).leastWork;
}

/** As {@link isShared}, and less work is enough while no helper sleeps: a region then costs about 2 µs. */
export function isWorth(work: f64): bool {
  if (team == 0 || inside) return false;
  const t = changetype<Team>(team);
  return work > (atomic.load<i32>(team + offsetof<Team>("sleepers")) > 0 ? t.leastWork : t.leastWork * HOT);
}

/** While no helper sleeps: 18 of 60 µs. At 9 µs the kernel of 50 points was 10 % slower than on one thread. */
// @ts-ignore: decorator
@inline const HOT: f64 = 0.3;

/**
 * Computes units [0, units) of a job. `work` has `workBytes` bytes for each thread; `cost` is the time of all units in
 * nanoseconds, for one thread.
 */
export function forEachUnit(compute: Unit, units: i32, job: usize, work: usize, workBytes: usize, cost: f64): void {
  if (units > 1 && isWorth(cost)) {
    openRegion(compute, units, job, work, workBytes);
    return;
  }
  for (let u = 0; u < units; u++) compute(job, u, work);
}

function openRegion(compute: Unit, units: i32, job: usize, work: usize, workBytes: usize): void {
  const t = changetype<Team>(team);
  t.unit = load<u32>(changetype<usize>(compute));
  t.units = units;
  t.job = job;
  t.work = work;
  t.workBytes = workBytes;
  t.regions++;
  t.opened += units;
  atomic.store<i32>(team + offsetof<Team>("next"), 0);
  const gate = (atomic.load<i32>(team) & ~(INSIDE | OPEN)) + EPOCH;
  atomic.store<i32>(team, gate | OPEN);
  if (atomic.load<i32>(team + offsetof<Team>("sleepers")) > 0) atomic.notify(team, -1);
  inside = true;
  claim(t, work);
  inside = false;
  atomic.and<i32>(team, ~OPEN);
  if (atomic.load<i32>(team) & INSIDE) awaitHelpers(t);
  if (t.lost) unreachable();
}

/** Computes units until none is left; returns how many. */
function claim(t: Team, work: usize): i32 {
  const compute = t.unit, units = t.units, job = t.job, next = changetype<usize>(t) + offsetof<Team>("next");
  let count = 0;
  for (let u = atomic.add<i32>(next, 1); u < units; u = atomic.add<i32>(next, 1), count++) {
    call_indirect<void>(compute, job, u, work);
    atomic.add<i32>(next, 1, offsetof<Team>("done") - offsetof<Team>("next"));
  }
  return count;
}

/** Waits for the helpers inside. One that finishes no unit for `patience` seconds is lost, and the memory with it. */
function awaitHelpers(t: Team): void {
  const flag = team + offsetof<Team>("leaderSleeps");
  let looks: i64 = 0, naps = 0, done = atomic.load<i32>(team + offsetof<Team>("done"));
  for (let gate = atomic.load<i32>(team); gate & INSIDE; gate = atomic.load<i32>(team)) {
    if (atomic.load<i32>(team + offsetof<Team>("lost"))) return;
    looks++;
    if (looks < LEADER_LOOKS) continue;
    const now = atomic.load<i32>(team + offsetof<Team>("done"));
    if (now != done) {
      done = now;
      looks = 0;
      naps = 0;
    } else if (t.maySleep) {
      atomic.store<i32>(flag, 1);
      // A tenth of a second at most.
      if (atomic.wait<i32>(team, gate, 100_000_000) == 2) naps++;
      atomic.store<i32>(flag, 0);
      if (naps >= 10 * t.patience) t.lost = 1;
    } else if (looks > <i64>t.patience * LOOKS_A_SECOND) t.lost = 1;
  }
}

/** A look takes at least this part of a second: a slower machine is more patient. */
// @ts-ignore: decorator
@inline const LOOKS_A_SECOND: i64 = 400_000_000;

/** Helps the team until it is told to quit. `rank` counts helpers from 1: scratch of their own. */
export function serve(address: usize, rank: i32): void {
  const t = changetype<Team>(address), sleepers = address + offsetof<Team>("sleepers");
  inside = true;
  let looks = 0, last = -1;
  while (true) {
    const gate = atomic.load<i32>(address);
    if (gate & QUIT) return;
    const epoch = gate & ~(EPOCH - 1);
    if (gate & OPEN && epoch != last) {
      if (atomic.cmpxchg<i32>(address, gate, gate + 1) != gate) continue;
      last = epoch;
      const count = claim(t, t.work + <usize>rank * t.workBytes);
      if (count) atomic.add<i32>(address + offsetof<Team>("helped"), count);
      const left = atomic.sub<i32>(address, 1);
      if ((left & INSIDE) == 1 && atomic.load<i32>(address + offsetof<Team>("leaderSleeps"))) atomic.notify(address, -1);
      looks = 0;
    } else if (++looks >= LOOKS) {
      atomic.add<i32>(sleepers, 1);
      atomic.wait<i32>(address, gate, -1);
      atomic.sub<i32>(sleepers, 1);
      looks = 0;
    }
  }
}
