"""Rows of 32 numbers for kernels: what a machine word of 32 units adds up, draws, and counts.

A `Row` is a vector of 32 floats that lives in registers. With it, kernels say outright which loops
run over 32 units at once, where a compiler would have to prove that no two arrays overlap. LLVM
turns the operations into whatever vectors the processor has.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from rgrbm._core.packing import UNITS_PER_WORD

_VECTOR = ir.VectorType(ir.FloatType(), UNITS_PER_WORD)


class _RowType(types.Type):
    def __init__(self):
        super().__init__(name="Row")


ROW = _RowType()


@register_model(_RowType)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _VECTOR)


def _pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(index, ir.Constant(index.type, UNITS_PER_WORD))
    return builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())


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
def zeros(typing_context):
    """Return a row of zeros."""

    def code(context, builder, signature, arguments):
        return ir.Constant(_VECTOR, [0.0] * UNITS_PER_WORD)

    return ROW(), code


@intrinsic
def add(typing_context, left, right):
    """Sum of two rows."""

    def code(context, builder, signature, arguments):
        return builder.fadd(*arguments)

    return ROW(ROW, ROW), code


@intrinsic
def scale(typing_context, row, factor):
    """Product of a row and a number."""

    def code(context, builder, signature, arguments):
        row, factor = arguments
        first = builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), factor, ir.Constant(ir.IntType(32), 0)
        )
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), UNITS_PER_WORD), [0] * UNITS_PER_WORD)
        return builder.fmul(row, builder.shuffle_vector(first, first, lanes))

    return ROW(ROW, types.float32), code


@intrinsic
def below(typing_context, left, right):
    """Word whose bit k says whether entry k of the left row is below that of the right one."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(builder.fcmp_ordered("<", *arguments), ir.IntType(UNITS_PER_WORD))

    return types.uint32(ROW, ROW), code


@intrinsic
def spread(typing_context, word):
    """Row whose entry k is bit k of a word, 0.0 or 1.0."""

    def code(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], ir.VectorType(ir.IntType(1), UNITS_PER_WORD))
        return builder.uitofp(bits, _VECTOR)

    return ROW(types.uint32), code


@intrinsic
def count(typing_context, word):
    """Count the ones in a word."""

    def code(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint32(types.uint32), code


@intrinsic
def as_float(typing_context, pattern):
    """Read a bit pattern as a float32."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.uint32), code
