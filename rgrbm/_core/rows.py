"""Rows of 32 numbers for kernels: what a machine word of 32 units adds up, draws, and counts.

A `Row` is a vector of 32 floats that lives in registers, a `WholeRow` one of 32 unsigned integers.
With them, kernels say outright which loops run over 32 units at once, where a compiler would have
to prove that no two arrays overlap. LLVM turns the operations into the widest vectors that the
processor has. A row may be added to, subtracted from, multiplied and divided by another, or by a
number that stands on the right; a whole row also takes ``^ << >>``.
"""

import operator
from functools import partial
from itertools import product

from llvmlite import ir
from numba import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from rgrbm._core.packing import UNITS_PER_WORD

LINE = 64  # bytes in a line of the cache

_FLOATS = ir.VectorType(ir.FloatType(), UNITS_PER_WORD)
_WHOLES = ir.VectorType(ir.IntType(32), UNITS_PER_WORD)
_EIGHT = ir.VectorType(ir.FloatType(), 8)
_PICK = partial(ir.Constant, ir.VectorType(ir.IntType(32), 8))


class _RowType(types.Type):
    def __init__(self, name, vector):
        super().__init__(name=name)
        self.vector = vector


ROW, WHOLE_ROW = _RowType("Row", _FLOATS), _RowType("WholeRow", _WHOLES)


@register_model(_RowType)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, numba_type.vector)


def _spread(builder, number, vector):
    """Vector of which each entry is a number."""
    first = builder.insert_element(
        ir.Constant(vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
    )
    return builder.shuffle_vector(first, first, ir.Constant(_WHOLES, [0] * UNITS_PER_WORD))


def _operator(symbol, row, number, instruction):
    """Let kernels combine two rows, or a row and a number, by a symbol of Python."""
    cases = [signature(row, row, row), signature(row, row, number)]
    infer_global(symbol)(type("_Cases", (ConcreteTemplate,), {"cases": cases}))

    @lower_builtin(symbol, row, row)
    def of_rows(context, builder, signature, arguments):
        return getattr(builder, instruction)(*arguments)

    @lower_builtin(symbol, row, number)
    def of_row_and_number(context, builder, signature, arguments):
        left, right = arguments
        return getattr(builder, instruction)(left, _spread(builder, right, row.vector))


for _symbol, _instruction in {
    operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"
}.items():  # fmt: skip
    _operator(_symbol, ROW, types.float32, _instruction)
for _symbol, _instruction in {
    operator.add: "add", operator.mul: "mul", operator.xor: "xor",
    operator.lshift: "shl", operator.rshift: "lshr",
}.items():  # fmt: skip
    _operator(_symbol, WHOLE_ROW, types.uint32, _instruction)


def _align_stack(builder):
    attributes = builder.function.attributes
    attributes.alignstack = LINE
    attributes.add("nounwind")  # true of all kernels; a set without a word is not printed


def _pointer(context, builder, array_type, array, index):
    _align_stack(builder)
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(index, ir.Constant(index.type, UNITS_PER_WORD))
    return builder.bitcast(builder.gep(data, [offset]), _FLOATS.as_pointer())


@intrinsic
def align_stack(typing_context):
    """Have the caller put rows aside where a line of the cache starts.

    A processor with 16 registers has to put some aside, and is slow when a row spans two lines.
    What loads or stores rows does so by itself; what such functions may be inlined into, does not.
    """

    def code(context, builder, signature, arguments):
        _align_stack(builder)
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def load(typing_context, array, index):
    """Row `index` of a contiguous float32 array, seen as rows of 32."""

    def code(context, builder, signature, arguments):
        pointer = _pointer(context, builder, signature.args[0], *arguments)
        return builder.load(pointer, align=4)

    return ROW(array, types.uint64), code


@intrinsic
def store(typing_context, array, index, row):
    """Write a row to place `index` of a contiguous float32 array, seen as rows of 32."""

    def code(context, builder, signature, arguments):
        pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], pointer, align=4)
        return context.get_dummy_value()

    return types.void(array, types.uint64, ROW), code


@intrinsic
def transpose(typing_context, tile, turned):
    """Write a contiguous float32 array, (32, 32), to another, rows as columns."""

    def code(context, builder, signature, arguments):
        source, target = (
            builder.bitcast(
                context.make_array(kind)(context, builder, array).data, _EIGHT.as_pointer()
            )
            for kind, array in zip(signature.args, arguments, strict=True)
        )

        def place(array, row, eight):
            index = ir.Constant(ir.IntType(64), UNITS_PER_WORD // 8 * row + eight)
            return builder.gep(array, [index])

        for top, left in product(range(UNITS_PER_WORD // 8), repeat=2):
            rows = [builder.load(place(source, 8 * top + i, left), align=4) for i in range(8)]
            for size in (1, 2, 4):  # of squares, of which two in four change places
                for i in (i for i in range(8) if not i & size):
                    upper, lower = rows[i], rows[i + size]
                    stay = [k if not k & size else 8 + k - size for k in range(8)]
                    rows[i] = builder.shuffle_vector(upper, lower, _PICK(stay))
                    rows[i + size] = builder.shuffle_vector(
                        upper, lower, _PICK([k + size for k in stay])
                    )
            for i, row in enumerate(rows):
                builder.store(row, place(target, 8 * left + i, top), align=4)
        return context.get_dummy_value()

    return types.void(tile, turned), code


@intrinsic
def zeros(typing_context):
    """Return a row of zeros."""

    def code(context, builder, signature, arguments):
        return ir.Constant(_FLOATS, [0.0] * UNITS_PER_WORD)

    return ROW(), code


@intrinsic
def places(typing_context):
    """Return the whole row 0, 1, ... 31."""

    def code(context, builder, signature, arguments):
        return ir.Constant(_WHOLES, list(range(UNITS_PER_WORD)))

    return WHOLE_ROW(), code


@intrinsic
def clipped(typing_context, row, bound):
    """Row whose entries are held between -bound and bound."""

    def code(context, builder, signature, arguments):
        row, bound = arguments
        for sign, symbol in ((bound, ">"), (builder.fneg(bound), "<")):
            limit = _spread(builder, sign, _FLOATS)
            row = builder.select(builder.fcmp_ordered(symbol, row, limit), limit, row)
        return row

    return ROW(ROW, types.float32), code


@intrinsic
def below(typing_context, left, right):
    """Word whose bit k says whether entry k of the left row is below that of the right one."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(builder.fcmp_ordered("<", *arguments), ir.IntType(UNITS_PER_WORD))

    return types.uint32(ROW, ROW), code


@intrinsic
def constant(typing_context, number):
    """Row of which each entry is a number."""

    def code(context, builder, signature, arguments):
        return _spread(builder, arguments[0], _FLOATS)

    return ROW(types.float32), code


@intrinsic
def as_float(typing_context, row):
    """Row of a whole row whose entries are below 2**31."""

    def code(context, builder, signature, arguments):
        return builder.sitofp(arguments[0], _FLOATS)

    return ROW(WHOLE_ROW), code


@intrinsic
def read_as_float(typing_context, row):
    """Read the bit patterns of a whole row as float32."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], _FLOATS)

    return ROW(WHOLE_ROW), code


@intrinsic
def read_as_whole(typing_context, row):
    """Bit patterns of a row, as a whole row."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], _WHOLES)

    return WHOLE_ROW(ROW), code


@intrinsic
def bits_at(typing_context, words, start, place):
    """Word whose bit k is the bit at a place of entry start + k of a contiguous array of words."""

    def code(context, builder, signature, arguments):
        words, start, place = arguments
        data = context.make_array(signature.args[0])(context, builder, words).data
        pointer = builder.bitcast(builder.gep(data, [start]), _WHOLES.as_pointer())
        row = builder.load(pointer, align=4)
        to_sign = builder.sub(ir.Constant(ir.IntType(32), UNITS_PER_WORD - 1), place)
        moved = builder.shl(row, _spread(builder, to_sign, _WHOLES))
        bits = builder.icmp_signed("<", moved, ir.Constant(_WHOLES, [0] * UNITS_PER_WORD))
        return builder.bitcast(bits, ir.IntType(UNITS_PER_WORD))

    return types.uint32(words, types.uint64, types.uint32), code


@intrinsic
def count(typing_context, word):
    """Count the ones in a word."""

    def code(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint32(types.uint32), code
