/**
 * The contract between TypeScript and the two backends. An op takes numbers only (byte addresses, sizes, leading
 * dimensions in elements), never allocates, never throws, and returns an {@link Info}. WebAssembly ops work on a
 * `WebAssembly.Memory`, JavaScript ops on an `ArrayBuffer`; `arena.ts` hands out addresses in either.
 *
 * Conventions, for every member:
 * - matrices are row-major float64; `lda` is the distance between rows of A in elements; addresses are multiples of 8,
 *   `work` is a multiple of 64 and at least as long as the op's `…ScratchBytes` twin says;
 * - address 0 means "absent" where a parameter says it is optional;
 * - `rowStart, rowEnd` bound the rows that are written; disjoint ranges, in any order, give the same bits as one range;
 * - a factor of 0 overwrites: `gamma = 0` means that C may hold NaN before;
 * - inputs and outputs do not overlap unless a member says "in place";
 * - `activation` is an {@link ActivationCode}, which is below 1024, or the address of a record. A record starts with
 *   the code as a double. Then comes 2 E[σ(x)²], x a standard normal, where σ is positively homogeneous, and else 0.
 *   Then come the parameters that the activation's file in `assembly/activation/` lists. An activation with parameters
 *   is unknown without a record; sin is known with and without one.
 */
export interface Ops {
  /** Z = alpha X Cᵀ + beta 1 biasᵀ. X is n×d, C is m×d, bias (optional) has length m, Z is n×m. */
  daffine(
    rowStart: number, rowEnd: number, m: number, d: number,
    alpha: number, x: number, ldx: number, c: number, ldc: number,
    beta: number, bias: number, z: number, ldz: number, work: number,
  ): Info;

  /**
   * The hidden layer: Z = alpha X Cᵀ + beta 1 biasᵀ (as {@link Ops.daffine}), then S = σ(Z) and
   * G_ij = gain_j σ'(Z_ij), n×m each (MATH.md §1). `g` is optional; `gain` (length m) is optional and means 1.
   * Returns -1 for an activation code that this backend does not know.
   */
  dfeatures(
    activation: number, rowStart: number, rowEnd: number, m: number, d: number,
    alpha: number, x: number, ldx: number, c: number, ldc: number,
    beta: number, bias: number, gain: number,
    s: number, lds: number, g: number, ldg: number, work: number,
  ): Info;
  /**
   * The second half of {@link Ops.dfeatures}: S holds Z on entry, and becomes σ(Z) in place; G_ij = gain_j σ'(Z_ij).
   * `g` and `gain` are optional. Returns -1 for an unknown activation. `work`: that of dfeatures with d = 0.
   */
  dactivate(
    activation: number, rowStart: number, rowEnd: number, m: number, gain: number,
    s: number, lds: number, g: number, ldg: number, work: number,
  ): Info;
  /** Bytes of `work` for {@link Ops.daffine} and {@link Ops.dfeatures} on `rows` rows. */
  dfeaturesScratchBytes(rows: number, m: number, d: number): number;

  /**
   * Rows of the Jacobian that belong to one layer: row i of J is scale · G_i ⊗ X_⌊i/repeat⌋ (a row-wise Khatri–Rao
   * product), entry j·d + t being scale G_ij X_⌊i/repeat⌋t. `x` is optional where d = 1, and means 1.
   */
  dkhatrirao(
    rowStart: number, rowEnd: number, m: number, d: number, scale: number, g: number, ldg: number,
    x: number, ldx: number, repeat: number, j: number, ldj: number,
  ): Info;

  /**
   * Vector-Jacobian product of one hidden layer, without J, for the hidden units [unitStart, unitEnd):
   * ub_j += bScale Σ_i v_i S_ij, uc_jt += cScale Σ_i v_i G_ij x_it, ud_j += dScale Σ_i v_i G_ij (`ub` and `ud`
   * optional). v has length n; uc is m×d with rows packed. (The entry of `a` is aScale Σ v, one number: the caller's.)
   */
  dvjp(
    unitStart: number, unitEnd: number, n: number, d: number,
    bScale: number, cScale: number, dScale: number, v: number, x: number, ldx: number,
    s: number, lds: number, g: number, ldg: number, ub: number, uc: number, ud: number,
  ): Info;

  /**
   * `steps` steps of a training rule, in place, for one hidden layer and one output. The loss is the mean over the rows
   * of ℓ(f(x_i), y_i), as {@link Ops.dloss} has it, with f = beta2 a + alpha2 Σ_j b_j σ(z_j) and
   * z = alpha1 C x + beta1 bias. theta = (a, b, C, bias), or (b, C) with `bias = 0`: P doubles.
   * With v = ∂loss/∂f the entries of the gradient are beta2 Σ v, alpha2 Sᵀv, alpha1 (v ∘ G)ᵀX and beta1 Gᵀv for a, b, C
   * and bias. ta, tb, tc and td stand in place of these four scales: they may carry the blocks' rates.
   * `rule` is the address of a {@link RULE}; a step is one of {@link Ops.ddescend}.
   * X is n×d, rows packed. With batches n is the most rows of one, and X and y have all rows.
   * losses_k is the loss before step k + 1, of its batch. A loss that is not at most `limit` (NaN included), or at most
   * the rule's `until`, stops it before its step: returns 1 + that k.
   */
  dtrain(
    activation: number, steps: number, n: number, m: number, d: number,
    alpha1: number, beta1: number, alpha2: number, beta2: number, bias: number,
    ta: number, tb: number, tc: number, td: number,
    x: number, y: number, theta: number, losses: number, limit: number, rule: number, work: number,
  ): Info;
  dtrainScratchBytes(n: number, m: number, d: number): number;

  /**
   * Calls of one op side by side: `count` calls of `op`, a {@link BatchCode}. They have the bits of as many separate
   * calls, and threads share them. A call is a record of 32 doubles, at calls + 256·i: the op's arguments in order, and
   * last, in double 31, its status, which is written. Each call has outputs and scratch of its own; inputs may be the
   * same. The longest calls come first. Returns -1 for an unknown op, without a call.
   */
  dbatch(op: number, count: number, calls: number): Info;

  /**
   * Step k of a rule, in place, P numbers each. With descent and g = gradient + decay (theta − anchor):
   * v ← momentum v + g,
   * theta ← theta − rate_k v, or with `nesterov = 1` theta − rate_k (g + momentum v).
   * velocity, v, is not read where momentum is 0. With Adam (Kingma & Ba 2015) and the same g:
   * m ← momentum m + (1 − momentum) g,
   * s ← beta2 s + (1 − beta2) g²,
   * theta ← theta − rate_k r (c1 m/(√(c2 s) + epsilon)).
   * m is velocity, s is squares, r the rate of the weight's block, and (c1, c2) the pair k of `corrections`. With AdamW
   * (Loshchilov & Hutter 2019) g is the gradient alone, and decay (theta − anchor) joins the bracket.
   */
  ddescend(P: number, k: number, gradient: number, theta: number, rule: number): Info;

  /**
   * Losses of n rows of C outputs, and their slopes in place: F ← scale ∇ℓ(F, Y), rows packed; the losses are added to
   * the double at `sum`. `loss` is a {@link LossCode}:
   * squared: ½(f − y)² of each entry.
   * logistic: log(1 + e^(−yf)) of each entry, y = ±1.
   * huber: ½r² where |r| ≤ 1, and else |r| − ½, of each entry, r = f − y.
   * crossEntropy: −Σ_c y_c log softmax(f)_c of each row; its slope is (Σ y) softmax(f) − y.
   * Returns -1 for an unknown loss.
   */
  dloss(loss: number, n: number, C: number, scale: number, f: number, y: number, sum: number): Info;

  /**
   * The factored kernel of MATH.md §2, lower triangle only:
   * C = gamma C + delta + (alpha A Aᵀ + beta) ∘ (G Gᵀ), G n×k, A n×d (d = 0: the factor is beta), C n×n.
   * With d > 0, a product of an infinite factor and a zero is 0. Block by block: no second n×n matrix.
   */
  dgram(
    rowStart: number, rowEnd: number, k: number, g: number, ldg: number,
    d: number, alpha: number, a: number, lda: number, beta: number,
    gamma: number, delta: number, c: number, ldc: number, work: number,
  ): Info;
  /** The rectangular twin of {@link Ops.dgram}: C = gamma C + delta + (alpha A Bᵀ + beta) ∘ (G Hᵀ), C n×n2. */
  dgramCross(
    rowStart: number, rowEnd: number, n2: number, k: number, g: number, ldg: number, h: number, ldh: number,
    d: number, alpha: number, a: number, lda: number, b: number, ldb: number, beta: number,
    gamma: number, delta: number, c: number, ldc: number, work: number,
  ): Info;
  /**
   * {@link Ops.dgram} with the factor given, one entry for each repeat×repeat block: lower triangle of
   * C = gamma C + (F ⊗ 1) ∘ (G Gᵀ), C n×n, F ⌈n/repeat⌉ on a side (its lower triangle is read).
   */
  dgramBlock(
    rowStart: number, rowEnd: number, k: number, g: number, ldg: number, repeat: number, f: number, ldf: number,
    gamma: number, c: number, ldc: number, work: number,
  ): Info;
  /**
   * The rectangular twin of {@link Ops.dgramBlock}: C = gamma C + (F ⊗ 1) ∘ (G Hᵀ), C n×n2, F ⌈n/repeat⌉×⌈n2/repeat⌉.
   */
  dgramBlockCross(
    rowStart: number, rowEnd: number, n2: number, k: number, g: number, ldg: number, h: number, ldh: number,
    repeat: number, f: number, ldf: number, gamma: number, c: number, ldc: number, work: number,
  ): Info;
  /**
   * Bytes of `work` for {@link Ops.dgram} (n2 = rowEnd) and {@link Ops.dgramCross} on `rows` rows; d = 1 for the block
   * ops.
   */
  dgramScratchBytes(rows: number, n2: number, k: number, d: number): number;

  /**
   * The tangent kernel of one hidden layer from its inputs (MATH.md §2), lower triangle only, in one op:
   * C = gamma C + delta + sigma S Sᵀ + (alpha X Xᵀ + beta) ∘ (G Gᵀ), with the S and G of {@link Ops.dfeatures} at
   * zAlpha, zBeta, W (m×d, its C), bias and gain. alpha = 0: the factor is beta. Returns -1 for an unknown activation.
   */
  dntk(
    activation: number, rowStart: number, rowEnd: number, m: number, d: number,
    zAlpha: number, x: number, ldx: number, w: number, ldw: number, zBeta: number, bias: number, gain: number,
    sigma: number, alpha: number, beta: number, gamma: number, delta: number, c: number, ldc: number, work: number,
  ): Info;
  /** The rectangular twin of {@link Ops.dntk}, X against Y (n2×d). */
  dntkCross(
    activation: number, rowStart: number, rowEnd: number, n2: number, m: number, d: number,
    zAlpha: number, x: number, ldx: number, y: number, ldy: number, w: number, ldw: number, zBeta: number, bias: number, gain: number,
    sigma: number, alpha: number, beta: number, gamma: number, delta: number, c: number, ldc: number, work: number,
  ): Info;
  /** Bytes of `work` for {@link Ops.dntk} (n2 = rowEnd) and {@link Ops.dntkCross} on `rows` rows. */
  dntkScratchBytes(rows: number, n2: number, m: number, d: number): number;

  /**
   * First pre-activations of an infinitely wide network: a_i = alpha |x_i|² + beta, and in U, n×(d+1), the unit vectors
   * of (√alpha x_i, √beta); zeros where a_i is 0. alpha, beta ≥ 0.
   */
  dunit(n: number, d: number, alpha: number, beta: number, x: number, ldx: number, a: number, u: number, ldu: number): Info;
  /**
   * Covariances of pairs and what their squares leave:
   * C_ij = √(a_i b_j) u_i·v_j and delta_ij = a_i b_j − C_ij².
   * Both come from |u − v| and |u + v| where u and v are nearly parallel or opposite. A point and its twin give exactly
   * a_i and 0. u_i and v_j have length d. `vt` (d×cols, V transposed) serves all pairs. Where it is 0, C holds U Vᵀ on
   * entry and V gives the differences. cols counts, rounded up to four: b, vt, C and delta have that room.
   */
  dcovariance(
    rowStart: number, rowEnd: number, cols: number, d: number, a: number, u: number, ldu: number,
    b: number, v: number, ldv: number, vt: number, ldvt: number, c: number, ldc: number, delta: number, ldd: number,
  ): Info;
  /**
   * Moments of the probit mixture (MATH.md §6) for n variances a = scale·a_i, u_j = s_j/√(1 + s_j² a):
   * slot k ≤ terms holds Σ_j p_j u_j (u_j √a)^2k, the last slot Σ_j p_j √(a + s_j⁻²)/√2π.
   * They lie in groups of four points, [⌈n/4⌉][terms + 2][4] doubles. `nodes`: 24 scales s, then 24 weights p.
   */
  dmoments(n: number, a: number, scale: number, nodes: number, terms: number, moments: number): Info;
  /**
   * One layer of an infinitely wide network on pairs (MATH.md §6), in place. T and Ṫ are the dual activations at
   * (a_i, b_j, C_ij, delta_ij):
   * C ← weight T + bias,
   * theta ← weight theta Ṫ + scale T + shift (optional),
   * delta ← ab − c² of the next layer, whose variances are nextA and nextB (0: not wanted).
   * `terms` counts those of the series through the moments ma and mb ({@link Ops.dmoments} with `held` terms). terms =
   * 0 means the closed form, or the double sum over `nodes`. cols counts, rounded up to four: b, nextB, C, delta and
   * theta have that room. With `diagonal = 1` C is the vector of the pairs (i, i), C_i ← weight T(a_i, a_i, a_i) +
   * bias, and nothing else is written. Returns -1 for an unknown activation.
   */
  ddual(
    activation: number, rowStart: number, rowEnd: number, cols: number, diagonal: number,
    nodes: number, terms: number, held: number, a: number, ma: number, b: number, mb: number, nextA: number, nextB: number,
    c: number, ldc: number, delta: number, ldd: number, theta: number, ldt: number,
    weight: number, bias: number, scale: number, shift: number, work: number,
  ): Info;
  ddualScratchBytes(terms: number): number;

  /** C = gamma C + alpha op(A) op(B), op(A) m×k, op(B) k×n; `transA = 1`: A is stored k×m, `transB = 1`: B is n×k. */
  dgemm(
    transA: number, transB: number, rowStart: number, rowEnd: number, n: number, k: number,
    alpha: number, a: number, lda: number, b: number, ldb: number,
    gamma: number, c: number, ldc: number, work: number,
  ): Info;
  /** Bytes of `work` for {@link Ops.dgemm} and, with n = rowEnd, {@link Ops.dsyrk}. */
  dgemmScratchBytes(rows: number, n: number, k: number): number;
  /** Lower triangle of C = gamma C + alpha op(A) op(A)ᵀ, op(A) n×k; `trans = 1`: A is stored k×n. */
  dsyrk(
    trans: number, rowStart: number, rowEnd: number, k: number,
    alpha: number, a: number, lda: number, gamma: number, c: number, ldc: number, work: number,
  ): Info;

  /**
   * Cholesky factor in place: A = L Lᵀ on the lower triangle; the strict upper triangle is not touched.
   * A pivot that is not positive, or not greater than `tolerance` times its diagonal entry on entry (what is left then
   * is rounding), or NaN, stops it: returns 1 + its 0-based index, and L is undefined.
   */
  dpotrf(n: number, tolerance: number, a: number, lda: number, work: number): Info;
  dpotrfScratchBytes(n: number): number;

  /**
   * LU factor in place with partial pivoting, P A = L U (LAPACK getrf; recursive, Toledo 1997): U on and above the
   * diagonal, the unit lower L below. Row k was exchanged with row p_k ≥ k, k in order, and the n doubles at `pivots`
   * are these p_k: the first of the largest entries of a column. A pivot whose size is not greater than `tolerance`,
   * which is ≥ 0, or is not finite, stops it: returns 1 + its 0-based index, and A and `pivots` are undefined.
   */
  dgetrf(n: number, tolerance: number, a: number, lda: number, pivots: number, work: number): Info;
  dgetrfScratchBytes(n: number): number;

  /**
   * Triangular solve from the right, in place, each row of B on its own: `trans = 1`: B ← B L⁻ᵀ (forward substitution),
   * `trans = 0`: B ← B L⁻¹ (backward). L n×n lower, B rows×n. Right-hand sides are therefore the rows of B.
   */
  dtrsm(
    trans: number, rowStart: number, rowEnd: number, n: number,
    l: number, ldl: number, b: number, ldb: number, work: number,
  ): Info;
  dtrsmScratchBytes(rows: number, n: number): number;
  /** {@link Ops.dtrsm} for one row, at the speed of reading L once. */
  dtrsv(trans: number, n: number, l: number, ldl: number, b: number): Info;

  /**
   * Rank-1 update of a Cholesky factor in place: the lower triangle L' with L' L'ᵀ = L Lᵀ + x xᵀ, by n Givens rotations
   * (Gill, Golub, Murray & Saunders 1974; Golub & Van Loan 6.5.4), O(n²). L has a positive diagonal, and so has L'. x,
   * of length n, is destroyed.
   */
  dch1up(n: number, l: number, ldl: number, x: number, work: number): Info;
  /**
   * Rank-1 downdate, L' L'ᵀ = L Lᵀ − x xᵀ, as LINPACK's dchdd: p = L⁻¹x (left in x), then rotations that turn
   * (√(1 − |p|²), p) into a unit vector. With r = 1 − |p|² the determinant of L' L'ᵀ is r times the one of L Lᵀ, and
   * L' L'ᵀ ≥ r L Lᵀ. Where r is not greater than `tolerance` ≥ 0, or NaN, it returns 1 and L is as before.
   */
  dch1dn(n: number, tolerance: number, l: number, ldl: number, x: number, work: number): Info;
  /**
   * L of order n becomes, in place, the factor of L Lᵀ without row and column j, of order n − 1. The triangle below and
   * right of (j, j) is updated by the column under (j, j): never a downdate. Row n − 1 is undefined afterwards.
   */
  dchdex(n: number, j: number, l: number, ldl: number, work: number): Info;
  /** Bytes of `work` for {@link Ops.dch1up}, {@link Ops.dch1dn} and {@link Ops.dchdex}. */
  dch1upScratchBytes(n: number): number;

  /** y = gamma y + alpha A x over the given rows; A rows×n, x length n. */
  dgemv(
    rowStart: number, rowEnd: number, n: number, alpha: number, a: number, lda: number, x: number,
    gamma: number, y: number,
  ): Info;
  /** out_i = gamma out_i + alpha Σ_j A_ij B_ij. */
  drowdot(
    rowStart: number, rowEnd: number, n: number, alpha: number, a: number, lda: number, b: number, ldb: number,
    gamma: number, out: number,
  ): Info;
  /**
   * C_i = alpha A_(i mod period) ∘ B_⌊i/repeat⌋ for rows i; A, B, C have m columns; `period = 0` takes A_i itself. In
   * place where C is A (period 0) or B (repeat 1).
   */
  dhadamard(
    rowStart: number, rowEnd: number, m: number, alpha: number, a: number, lda: number, period: number,
    b: number, ldb: number, repeat: number, c: number, ldc: number,
  ): Info;
  /** Copies the strict lower triangle of A onto the upper one, in place. */
  dmirror(n: number, a: number, lda: number): Info;
  /** The largest |A_ij − A_ji| of an n×n matrix; not finite where an entry is not. */
  dasymmetry(n: number, a: number, lda: number): number;
  /** B = Aᵀ, A rows×cols. */
  dtranspose(rows: number, cols: number, a: number, lda: number, b: number, ldb: number): Info;

  /**
   * Symmetric eigenproblem in place: on entry the lower triangle of A, on exit (vectors = 1) orthonormal eigenvectors
   * in its rows; `w` gets the n eigenvalues, ascending. `vectors = 0`: A is destroyed. Returns 1 + index of the first
   * eigenvalue that did not converge.
   */
  deigh(vectors: number, n: number, a: number, lda: number, w: number, work: number): Info;
  deighScratchBytes(vectors: number, n: number): number;

  /**
   * out_i = scale · the next n standard normals of a stream, and the stream moves on. The bits are the same in every
   * backend and variant (src/model/random.ts). `state`: four words of 64 bits, in place. `table`: the 58 doubles of
   * NORMAL_TABLE (src/model/normal.ts).
   */
  dnormals(n: number, scale: number, table: number, state: number, out: number, work: number): Info;
  dnormalsScratchBytes(): number;
  /** Moves a stream to the start of the next substream, 2^128 draws further, in place. */
  djump(state: number): Info;

  // The float32 twins of the double ops. Matrices have entries of 4 bytes at multiples of 4, leading
  // dimensions count entries, and scalar arguments are still doubles. WebAssembly computes in float32. JavaScript
  // computes in float64 and rounds what it writes.

  /** All activations but sigmoid, tanh, erf, relu and identity are computed in float64 and rounded once. */
  sfeatures: Ops["dfeatures"];
  saffine: Ops["daffine"];
  sactivate: Ops["dactivate"];
  sfeaturesScratchBytes: Ops["dfeaturesScratchBytes"];
  sgram: Ops["dgram"];
  sgramCross: Ops["dgramCross"];
  sgramBlock: Ops["dgramBlock"];
  sgramBlockCross: Ops["dgramBlockCross"];
  sgramScratchBytes: Ops["dgramScratchBytes"];
  sgemm: Ops["dgemm"];
  sgemmScratchBytes: Ops["dgemmScratchBytes"];
  ssyrk: Ops["dsyrk"];
  spotrf: Ops["dpotrf"];
  spotrfScratchBytes: Ops["dpotrfScratchBytes"];
  strsm: Ops["dtrsm"];
  strsmScratchBytes: Ops["dtrsmScratchBytes"];
  strsv: Ops["dtrsv"];
  shadamard: Ops["dhadamard"];
  smirror: Ops["dmirror"];
  sntk: Ops["dntk"];
  sntkCross: Ops["dntkCross"];
  sntkScratchBytes: Ops["dntkScratchBytes"];
}

/**
 * 0: done. Positive: 1 + the 0-based index of what failed (a pivot, an eigenvalue). Negative: an argument is not
 * supported.
 */
export type Info = number;

/** What ops take for `activation` (where it is no record's address), `op` and `loss`, and what a rule has. */
export { ActivationCode, BatchCode, LossCode, OptimizerCode } from "./codes.js";
/**
 * What a training rule holds, one double each, in this order: `loss`, a {@link LossCode}; `optimizer`, an
 * {@link OptimizerCode}; numbers; and addresses.
 * `rates` and `corrections` have one and two doubles a step.
 * `anchor` (of the decay), `velocity` and `squares` have P doubles each.
 * `blocks` has `blockCount` pairs (length, rate).
 * `order` has the rows of all batches, one batch after the other, as 32-bit integers; `sizes` has the batches' sizes
 * likewise. `room` takes a batch of X and y. Without batches `sizes` is 0.
 * `until` is −Infinity where no loss is small enough.
 */
// biome-ignore format: in the order of assembly/network/rule.ts
export const RULE = [
  "loss", "optimizer", "momentum", "nesterov", "decay", "beta2", "epsilon", "rates", "corrections", "anchor", "velocity",
  "squares", "blocks", "blockCount", "order", "sizes", "room", "until",
] as const;


/** The threads of a backend. */
export interface Team {
  /** Threads that compute, the leading one included. */
  readonly threads: number;
  /** Why there are fewer threads than were asked for; undefined where there are not. */
  readonly reason: string | undefined;
  /** Why this backend cannot be used any more; undefined while it can. */
  readonly down: string | undefined;
  /** Turns the trap of a lost thread into a BackendError; other errors stay as they are. */
  explain(error: unknown): unknown;
  /** Ends all threads but the leading one. */
  end(): void;
}

/** What `arena.ts` needs from a backend, beside its ops. */
export interface Backend {
  readonly name: "wasm" | "js";
  readonly variant: "relaxed" | "simd" | "js";
  readonly ops: Ops;
  /** First byte that may be handed out; a multiple of 64 and at least 1024. */
  readonly base: number;
  /** The whole memory, now. Growing detaches it: ask again at each use, never keep it. */
  buffer(): ArrayBuffer | SharedArrayBuffer;
  /** Makes bytes [0, end) usable; false where that cannot be had. */
  grow(end: number): boolean;
  /** The threads that share the ops; undefined where one thread computes. */
  readonly team?: Team;
}
