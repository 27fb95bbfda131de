// Calls of one op side by side: see src/ops.ts for the contract.
// A call is a unit of work: inside a region it is one thread's, from its first product to its last. A call that is
// large enough to be shared inside may also have the whole team: the calls that would be left over for the last round.
import { BatchCode } from "../../src/codes";
import { ntk, ntkBlockTime, ntkTime } from "./ntk";
import { stepTime, train } from "./train";
import { forEachUnit, isShared, threads, Unit } from "../team/team";

/** Bytes of a call: 32 doubles, the last one its status. */
// @ts-ignore: decorator
@inline const CALL: usize = 256;
// @ts-ignore: decorator
@inline const STATUS: usize = 248;

export function batch(op: i32, count: i32, calls: usize): i32 {
  if (op < BatchCode.dntk || op > BatchCode.dtrain) return -1;
  const compute: Unit = op == BatchCode.dtrain ? trainUnit : op == BatchCode.dntk ? ntkUnit : ntkCrossUnit;
  const together = sideBySide(op, count, calls);
  let time: f64 = 0;
  for (let i = 0; i < together; i++) time += callTime(op, calls + <usize>i * CALL);
  forEachUnit(compute, together, calls, 0, 0, time);
  for (let i = together; i < count; i++) compute(calls, i, 0);
  return 0;
}

/**
 * How many of the calls are units of a region. All of them, unless the last round would leave threads without a call:
 * its calls follow one after the other where each thread's share of one is worth a region of its own.
 */
function sideBySide(op: i32, count: i32, calls: usize): i32 {
  const left = count % threads();
  if (left == 0) return count;
  return isShared(sharedTime(op, calls + <usize>(count - left) * CALL) / <f64>threads()) ? count - left : count;
}

/** Nanoseconds of a call. */
function callTime(op: i32, call: usize): f64 {
  if (op == BatchCode.dtrain) return integer(call, 1) * sharedTime(op, call);
  const cross = op == BatchCode.dntkCross ? 1 : 0;
  return ntkTime<f64>(!cross, rowsOf(call), integer(call, 2 + cross), integer(call, 3 + cross));
}

/** Nanoseconds of the largest part of a call that threads share. */
function sharedTime(op: i32, call: usize): f64 {
  if (op == BatchCode.dtrain) return stepTime(integer(call, 2), integer(call, 3), integer(call, 4));
  const cross = op == BatchCode.dntkCross ? 1 : 0;
  return ntkBlockTime<f64>(!cross, rowsOf(call), integer(call, 2 + cross), integer(call, 3 + cross));
}

function rowsOf(call: usize): i32 {
  return integer(call, 2) - integer(call, 1);
}

// @ts-ignore: decorator
@inline
function number(call: usize, at: i32): f64 {
  return load<f64>(call + (<usize>at << 3));
}

// @ts-ignore: decorator
@inline
function integer(call: usize, at: i32): i32 {
  return <i32>number(call, at);
}

// @ts-ignore: decorator
@inline
function address(call: usize, at: i32): usize {
  return <usize>number(call, at);
}

function ntkUnit(calls: usize, unit: i32, _work: usize): void {
  const call = calls + <usize>unit * CALL, rowEnd = integer(call, 2), x = address(call, 6), ldx = integer(call, 7);
  const status = ntk<f64>(
    true, integer(call, 0), integer(call, 1), rowEnd, rowEnd, integer(call, 3), integer(call, 4), number(call, 5), x, ldx, x, ldx,
    address(call, 8), integer(call, 9), number(call, 10), address(call, 11), address(call, 12), number(call, 13), number(call, 14),
    number(call, 15), number(call, 16), number(call, 17), address(call, 18), integer(call, 19), address(call, 20),
  );
  store<f64>(call + STATUS, status);
}

function ntkCrossUnit(calls: usize, unit: i32, _work: usize): void {
  const call = calls + <usize>unit * CALL;
  const status = ntk<f64>(
    false, integer(call, 0), integer(call, 1), integer(call, 2), integer(call, 3), integer(call, 4), integer(call, 5), number(call, 6),
    address(call, 7), integer(call, 8), address(call, 9), integer(call, 10), address(call, 11), integer(call, 12), number(call, 13),
    address(call, 14), address(call, 15), number(call, 16), number(call, 17), number(call, 18), number(call, 19), number(call, 20),
    address(call, 21), integer(call, 22), address(call, 23),
  );
  store<f64>(call + STATUS, status);
}

function trainUnit(calls: usize, unit: i32, _work: usize): void {
  const call = calls + <usize>unit * CALL;
  const status = train(
    integer(call, 0), integer(call, 1), integer(call, 2), integer(call, 3), integer(call, 4), number(call, 5), number(call, 6),
    number(call, 7), number(call, 8), integer(call, 9), number(call, 10), number(call, 11), number(call, 12), number(call, 13),
    address(call, 14), address(call, 15), address(call, 16), address(call, 17), number(call, 18), address(call, 19), address(call, 20),
  );
  store<f64>(call + STATUS, status);
}
