#include <stddef.h>
#include <stdint.h>

// One instruction of a program. Operands are places in a table of pointers: first the node's inputs, then its outputs, then rows of
// scratch memory, then single numbers. Their widths are part of the operation's name: a vector has a value for each column, a scalar one
// for the whole row. The order is that of the constants in program.go.
typedef struct {
	int64_t operation, to, a, b;
} mslora_instruction;

enum mslora_operation {
	ADD_VV, ADD_VS, ADD_SS,
	SUB_VV, SUB_VS, SUB_SV, SUB_SS,
	MUL_VV, MUL_VS, MUL_SS,
	DIV_VV, DIV_VS, DIV_SV, DIV_SS,
	MAX_VV, MAX_VS, MAX_SS,
	ABS_V, ABS_S,
	NEG_V, NEG_S,
	SQRT_S,
	INVERT_V, INVERT_S,
	EXP_V, ERF_V, GELU_V, SIGMOID_V,
	SUM_V, MEAN_V, MAXIMUM_V, // of a row: to a scalar
	FROM_UINT8_V, FROM_UINT8_S,
	TO_UINT8_V, // a + b, rounded half to even and cut to 0 to 255
	SET_S,      // a is the bits of a float
	OPERATIONS,
};

// Runs a program on a row of the given width. Vectors have memory for the next multiple of 16 values: what stands behind the width is computed,
// too, without a meaning, but does not count in sums and maxima.
void mslora_run_row(const mslora_instruction *program, size_t count, void **at, size_t width);
