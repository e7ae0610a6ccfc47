#include "ort.h"
#include "rows_kernel.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// A program as the attribute of a node has it: see Program.Encode in program.go. Programs are those that the same process has written, so
// their operands are not checked.
typedef struct {
	mslora_kernel node;
	size_t inputs, outputs, vectors, scalars, instructions;
	const int64_t *like;  // for each output the input whose sizes it has, or its own if below 0: -1-input, with a last size of 1
	const mslora_instruction *program;
	int rounds;
} kernel;

enum { HEADER = 4, MOST_TENSORS = 128, MOST_VECTORS = 64, MOST_SCALARS = 256 };

static status create(const operator *o, const void *unused, const void *info, void **made) {
	(void)unused;
	TRY(mslora_create(info, "program", HEADER, sizeof(kernel), made));
	kernel *k = *made;
	const int64_t *numbers = k->node.numbers;
	k->inputs = numbers[0], k->outputs = numbers[1], k->vectors = numbers[2], k->scalars = numbers[3];
	k->like = numbers + HEADER;
	k->program = (const mslora_instruction *)(k->like + k->outputs);
	k->instructions = (k->node.count - HEADER - k->outputs) / 4;
	k->rounds = o->rounds;
	if (k->inputs + k->outputs > MOST_TENSORS || k->scalars > MOST_SCALARS || k->vectors > MOST_VECTORS) {
		mslora_destroy(k);
		return mslora_failed("too large a program");
	}
	return NULL;
}

// What the threads share.
typedef struct {
	const kernel *k;
	size_t rows, width, chunk, axes;
	int64_t sizes[MOST_AXES];                    // of the rows: all but the last
	char *data[MOST_TENSORS];                    // of inputs and outputs
	size_t row_bytes[MOST_TENSORS];              // from one row to the next, if rows follow each other
	size_t vector_bytes[MOST_TENSORS];           // of a row; 0 if it is one number
	int64_t strides[MOST_TENSORS][MOST_AXES];    // in bytes, for each axis
	char scattered[MOST_TENSORS];                // an input that repeats along an axis
	atomic_bool failed;                          // for want of memory
} work;

static void run_chunk(void *shared, size_t chunk) {
	work *w = shared;
	const kernel *k = w->k;
	size_t first = chunk * w->chunk, last = first + w->chunk < w->rows ? first + w->chunk : w->rows;
	size_t tensors = k->inputs + k->outputs, padded = (w->width + 15) / 16 * 16, bytes = padded * sizeof(float);
	// Rows of another width than a multiple of 16 are copied to memory with a margin.
	int copied = padded != w->width;
	void *at[MOST_TENSORS + MOST_VECTORS + MOST_SCALARS];
	float scalars[MOST_SCALARS];
	char *scratch = calloc(k->vectors + (copied ? tensors : 0) + 1, bytes);
	if (!scratch) {
		w->failed = true;
		return;
	}
	char *aligned = (char *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
	for (size_t i = 0; i < k->vectors; i++) at[tensors + i] = aligned + i * bytes;
	for (size_t i = 0; i < k->scalars; i++) at[tensors + k->vectors + i] = scalars + i;
	char *margin = aligned + k->vectors * bytes;
	size_t position[MOST_AXES];
	for (size_t axis = w->axes, rest = first; axis-- > 0; rest /= w->sizes[axis]) position[axis] = rest % w->sizes[axis];
	for (size_t row = first; row < last; row++) {
		for (size_t i = 0; i < tensors; i++) {
			char *place = w->data[i] + row * w->row_bytes[i];
			if (w->scattered[i]) {
				place = w->data[i];
				for (size_t axis = 0; axis < w->axes; axis++) place += position[axis] * w->strides[i][axis];
			}
			at[i] = place;
			if (copied && w->vector_bytes[i]) {
				at[i] = margin + i * bytes;
				if (i < k->inputs && (row == first || w->row_bytes[i] || w->scattered[i])) memcpy(at[i], place, w->vector_bytes[i]);
			}
		}
		mslora_run_row(k->program, k->instructions, at, w->width);
		for (size_t i = k->inputs; copied && i < tensors; i++) {
			if (w->vector_bytes[i]) memcpy(w->data[i] + row * w->row_bytes[i], at[i], w->vector_bytes[i]);
		}
		for (size_t axis = w->axes; axis-- > 0;) {
			if (++position[axis] < (size_t)w->sizes[axis]) break;
			position[axis] = 0;
		}
	}
	free(scratch);
}

// Says how an input is read row by row: which must be like the rows, or repeat along axes.
static const char *place_input(work *w, size_t i, const mslora_tensor *t) {
	size_t bytes = t->type == UINT8 ? 1 : 4;
	w->data[i] = t->data;
	size_t own = t->count ? t->count - 1 : 0; // axes of rows
	int64_t width = t->count ? t->sizes[t->count - 1] : 1;
	if (own > w->axes || (width != 1 && width != (int64_t)w->width)) return "a tensor that does not fit the rows";
	int64_t stride = width * bytes;
	int dense = 1, empty = 1;
	for (size_t axis = w->axes; axis-- > 0;) {
		size_t back = w->axes - axis;
		int64_t size = back <= own ? t->sizes[own - back] : 1;
		if (size != 1 && size != w->sizes[axis]) return "a tensor that does not fit the rows";
		w->strides[i][axis] = size == 1 ? 0 : stride;
		dense &= size == w->sizes[axis];
		empty &= size == 1;
		stride *= size;
	}
	w->row_bytes[i] = dense ? width * bytes : 0;
	w->vector_bytes[i] = width == 1 && w->width != 1 ? 0 : width * bytes;
	w->scattered[i] = !dense && !empty;
	return NULL;
}

static status compute(void *made, void *context) {
	const kernel *k = made;
	work w = {.k = k};
	mslora_tensor all[MOST_TENSORS];
	for (size_t i = 0; i < k->inputs; i++) TRY(mslora_input(context, i, &all[i]));
	for (size_t i = 0; i < k->outputs; i++) {
		mslora_tensor t = all[k->like[i] < 0 ? -1 - k->like[i] : k->like[i]]; // all outputs are like the same input
		w.axes = t.count - 1, w.width = t.sizes[t.count - 1], w.rows = 1;
		for (size_t axis = 0; axis < w.axes; axis++) w.rows *= w.sizes[axis] = t.sizes[axis];
		if (k->like[i] < 0) t.sizes[t.count - 1] = 1;
		TRY(mslora_output(context, i, &t));
		size_t at = k->inputs + i;
		w.data[at] = t.data;
		w.row_bytes[at] = t.sizes[t.count - 1] * (k->rounds && i == 0 ? 1 : 4);
		w.vector_bytes[at] = k->like[i] < 0 ? 0 : w.row_bytes[at];
	}
	for (size_t i = 0; i < k->inputs; i++) {
		const char *why = place_input(&w, i, &all[i]);
		if (why) return mslora_failed(why);
	}
	if (w.rows == 0 || w.width == 0) return NULL;
	w.chunk = 16384 / w.width + 1; // rows that are worth a turn
	TRY(mslora_parallel(context, run_chunk, (w.rows + w.chunk - 1) / w.chunk, &w));
	return w.failed ? mslora_failed("no memory for rows") : NULL;
}

operator mslora_rows = OPERATOR("Rows", create, compute, 0);
operator mslora_rows_rounded = OPERATOR("RowsRounded", create, compute, 1);
