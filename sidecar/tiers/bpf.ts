/**
 * One instruction of classic BPF, `struct sock_filter` of linux/filter.h: jumps are relative, forward,
 * and at most 255 instructions long.
 */
export interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly operand: number;
}

const LD_W_ABS = 0x20;
const ALU_AND_K = 0x54;
const JMP_JEQ_K = 0x15;
const JMP_JGE_K = 0x35;
const JMP_JSET_K = 0x45;
const RET_K = 0x06;

/** Where things lie in `struct seccomp_data` of linux/seccomp.h, in bytes. */
export const offsets = {
  number: 0,
  architecture: 4,
  /** The lower half of an argument: all that the kernel looks at in those that are ints. */
  argument: (index: number) => 16 + 8 * index,
} as const;

/** What a program ends with: SECCOMP_RET_* of linux/seccomp.h. */
export const returns = {
  allow: instruction(RET_K, 0x7fff0000),
  /** The whole process, as by SIGSYS. */
  kill: instruction(RET_K, 0x80000000),
  error: (errno: number) => instruction(RET_K, 0x00050000 | errno),
} as const;

export function load(offset: number): Instruction {
  return instruction(LD_W_ABS, offset);
}

/** Keeps some bits of what was loaded. */
export function and(mask: number): Instruction {
  return instruction(ALU_AND_K, mask);
}

/** What was loaded last is compared. `then` and `otherwise` go on behind, unless they return. */
export function ifEquals(
  value: number,
  then: readonly Instruction[],
  otherwise: readonly Instruction[] = [],
): Instruction[] {
  if (otherwise.length === 0) return [jump(JMP_JEQ_K, value, 0, then.length), ...then];
  if (then.length > 0) throw new RangeError('a branch is either taken or not taken');
  return [jump(JMP_JEQ_K, value, otherwise.length, 0), ...otherwise];
}

export function ifAtLeast(value: number, then: readonly Instruction[]): Instruction[] {
  return [jump(JMP_JGE_K, value, 0, then.length), ...then];
}

export function ifHasBits(mask: number, then: readonly Instruction[]): Instruction[] {
  return [jump(JMP_JSET_K, mask, 0, then.length), ...then];
}

/** Loads an argument of the call, and does `then` if it is one of the values. */
export function ifArgument(
  index: number,
  values: readonly number[],
  then: readonly Instruction[],
): Instruction[] {
  return [load(offsets.argument(index)), ...values.flatMap((value) => ifEquals(value, then))];
}

/** The program as the kernel takes it, in little endian. */
export function assemble(program: readonly Instruction[]): Buffer {
  // BPF_MAXINSNS of linux/bpf_common.h.
  if (program.length > 4096) throw new RangeError(`a program of ${program.length} instructions is too long`);
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, ifTrue, ifFalse, operand }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand >>> 0, index * 8 + 4);
  });
  return bytes;
}

function instruction(code: number, operand: number): Instruction {
  return { code, ifTrue: 0, ifFalse: 0, operand };
}

/** A length over 255 does not fit: `writeUInt8` in `assemble` throws. */
function jump(code: number, operand: number, ifTrue: number, ifFalse: number): Instruction {
  return { code, ifTrue, ifFalse, operand };
}
