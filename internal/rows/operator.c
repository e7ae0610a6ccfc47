#include "operator.h"
#include "kernel.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// What is needed of ONNX Runtime's C interface. OrtApi is a table of functions that only grows, and OrtCustomOp a table whose version says
// how much of it is there, so places are enough.
enum place {
	CREATE_STATUS = 0,
	GET_ERROR_MESSAGE = 2,
	CREATE_DOMAIN = 26,
	ADD_TO_DOMAIN = 27,
	ADD_DOMAIN = 28,
	TENSOR_DATA = 51,
	GET_TYPE = 60,
	COUNT_SIZES = 61,
	GET_SIZES = 62,
	SHAPE_OF = 65,
	INPUT = 90,
	OUTPUT = 91,
	RELEASE_STATUS = 93,
	RELEASE_SHAPE = 99,
	INTEGERS = 163,
	PARALLEL = 274,
};

enum { API = 24, FLOAT = 1, UINT8 = 2, UNDEFINED = 0, REQUIRED = 0, VARIADIC = 2, MOST_AXES = 8, MOST_TENSORS = 128, MOST_VECTORS = 64, MOST_SCALARS = 128 };

typedef void *status; // NULL: it went well

typedef struct operator operator;
struct operator {
	uint32_t version;
	void *(*create_kernel)(const operator *, const void *api, const void *info);
	const char *(*name)(const operator *);
	const char *(*provider)(const operator *);
	int (*input_type)(const operator *, size_t);
	size_t (*input_types)(const operator *);
	int (*output_type)(const operator *, size_t);
	size_t (*output_types)(const operator *);
	void (*compute_kernel)(void *kernel, void *context);
	void (*destroy_kernel)(void *kernel);
	int (*input_kind)(const operator *, size_t);
	int (*output_kind)(const operator *, size_t);
	int (*input_memory)(const operator *, size_t);
	int (*least_inputs)(const operator *);
	int (*inputs_alike)(const operator *);
	int (*least_outputs)(const operator *);
	int (*outputs_alike)(const operator *);
	status (*create)(const operator *, const void *api, const void *info, void **kernel);
	status (*compute)(void *kernel, void *context);
	status (*infer)(const operator *, void *context);
	int (*first_version)(const operator *);
	int (*last_version)(const operator *);
	void *in_place, *release_in_place, *aliases, *release_aliases;
	// what follows is ours
	int rounds; // the first output is uint8
};

static void *const *api;
#define CALL(place, result, ...) ((result(*)(__VA_ARGS__))api[place])

static status failed(const char *why) { return CALL(CREATE_STATUS, status, int, const char *)(1, why); }

#define TRY(call)                     \
	do {                              \
		status problem = (call);      \
		if (problem) return problem;  \
	} while (0)

// A program as the attribute of a node has it: see Program.Encode in program.go. Programs are those that the same process has written, so
// their operands are not checked.
typedef struct {
	size_t inputs, outputs, vectors, scalars, instructions;
	int64_t *numbers;
	const int64_t *like;  // for each output the input whose sizes it has, or its own if below 0: -1-input, with a last size of 1
	const mslora_instruction *program;
	int rounds;
} kernel;

enum { HEADER = 4 };

static status read_attribute(const void *info, int64_t *numbers, size_t *count) {
	return CALL(INTEGERS, status, const void *, const char *, int64_t *, size_t *)(info, "program", numbers, count);
}

static void destroy(void *made) {
	kernel *k = made;
	free(k->numbers);
	free(k);
}

static status create(const operator *o, const void *unused, const void *info, void **made) {
	(void)unused;
	size_t count = 0;
	status problem = read_attribute(info, NULL, &count);
	if (problem && count == 0) return problem;
	if (problem) CALL(RELEASE_STATUS, void, status)(problem);
	kernel *k = calloc(1, sizeof *k);
	if (k) k->numbers = malloc((count + 1) * sizeof *k->numbers);
	if (!k || !k->numbers) {
		free(k);
		return failed("no memory for a program");
	}
	problem = read_attribute(info, k->numbers, &count);
	if (problem) {
		free(k->numbers);
		free(k);
		return problem;
	}
	if (count < HEADER) {
		destroy(k);
		return failed("a program without a beginning");
	}
	k->inputs = k->numbers[0], k->outputs = k->numbers[1], k->vectors = k->numbers[2], k->scalars = k->numbers[3];
	k->like = k->numbers + HEADER;
	k->program = (const mslora_instruction *)(k->like + k->outputs);
	k->instructions = (count - HEADER - k->outputs) / 4;
	if (k->inputs + k->outputs > MOST_TENSORS || k->scalars > MOST_SCALARS || k->vectors > MOST_VECTORS) {
		destroy(k);
		return failed("too large a program");
	}
	k->rounds = o->rounds;
	*made = k;
	return NULL;
}

typedef struct {
	size_t count;
	int64_t sizes[MOST_AXES];
	int type;
	char *data;
} tensor;

static status shape_of(const void *value, tensor *t) {
	void *shape;
	TRY(CALL(SHAPE_OF, status, const void *, void **)(value, &shape));
	status problem = CALL(COUNT_SIZES, status, const void *, size_t *)(shape, &t->count);
	if (!problem && t->count > MOST_AXES) problem = failed("a tensor with too many axes");
	if (!problem) problem = CALL(GET_SIZES, status, const void *, int64_t *, size_t)(shape, t->sizes, t->count);
	if (!problem) problem = CALL(GET_TYPE, status, const void *, int *)(shape, &t->type);
	CALL(RELEASE_SHAPE, void, void *)(shape);
	if (problem) return problem;
	return CALL(TENSOR_DATA, status, const void *, void **)(value, (void **)&t->data);
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
static const char *place_input(work *w, size_t i, const tensor *t) {
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
	tensor all[MOST_TENSORS];
	for (size_t i = 0; i < k->inputs; i++) {
		const void *value;
		TRY(CALL(INPUT, status, const void *, size_t, const void **)(context, i, &value));
		TRY(shape_of(value, &all[i]));
	}
	for (size_t i = 0; i < k->outputs; i++) {
		tensor t = all[k->like[i] < 0 ? -1 - k->like[i] : k->like[i]]; // all outputs are like the same input
		w.axes = t.count - 1, w.width = t.sizes[t.count - 1], w.rows = 1;
		for (size_t axis = 0; axis < w.axes; axis++) w.rows *= w.sizes[axis] = t.sizes[axis];
		if (k->like[i] < 0) t.sizes[t.count - 1] = 1;
		void *value;
		TRY(CALL(OUTPUT, status, void *, size_t, const int64_t *, size_t, void **)(context, i, t.sizes, t.count, &value));
		size_t at = k->inputs + i;
		TRY(CALL(TENSOR_DATA, status, const void *, void **)(value, (void **)&w.data[at]));
		w.row_bytes[at] = t.sizes[t.count - 1] * (k->rounds && i == 0 ? 1 : 4);
		w.vector_bytes[at] = k->like[i] < 0 ? 0 : w.row_bytes[at];
	}
	for (size_t i = 0; i < k->inputs; i++) {
		const char *why = place_input(&w, i, &all[i]);
		if (why) return failed(why);
	}
	if (w.rows == 0 || w.width == 0) return NULL;
	w.chunk = 16384 / w.width + 1; // rows that are worth a turn
	size_t chunks = (w.rows + w.chunk - 1) / w.chunk;
	if (chunks == 1) {
		run_chunk(&w, 0);
	} else {
		TRY(CALL(PARALLEL, status, const void *, void (*)(void *, size_t), size_t, size_t, void *)(context, run_chunk, chunks, 0, &w));
	}
	return w.failed ? failed("no memory for rows") : NULL;
}

static const char *name(const operator *o) { return o->rounds ? "RowsRounded" : "Rows"; }
static const char *provider(const operator *o) { (void)o; return NULL; }
static int input_type(const operator *o, size_t i) { (void)o, (void)i; return UNDEFINED; }
static int output_type(const operator *o, size_t i) { return o->rounds && i == 0 ? UINT8 : FLOAT; }
static size_t one(const operator *o) { (void)o; return 1; }
static size_t output_types(const operator *o) { return o->rounds ? 2 : 1; }
static int input_kind(const operator *o, size_t i) { (void)o, (void)i; return VARIADIC; }
static int output_kind(const operator *o, size_t i) { return o->rounds && i == 0 ? REQUIRED : VARIADIC; }
static int memory(const operator *o, size_t i) { (void)o, (void)i; return 0; }
static int yes(const operator *o) { (void)o; return 1; }
static int no(const operator *o) { (void)o; return 0; }
static int last_version(const operator *o) { (void)o; return 0x7fffffff; }

#define OPERATOR(rounds_first)                                                                                                          \
	{                                                                                                                                   \
		.version = API, .name = name, .provider = provider, .input_type = input_type, .input_types = one, .output_type = output_type,    \
		.output_types = output_types, .destroy_kernel = destroy, .input_kind = input_kind, .output_kind = output_kind,                   \
		.input_memory = memory, .least_inputs = yes, .inputs_alike = no, .least_outputs = yes, .outputs_alike = yes, .create = create,    \
		.compute = compute, .first_version = yes, .last_version = last_version, .rounds = rounds_first,                  \
	}

static operator rows = OPERATOR(0), rounded = OPERATOR(1);
static void *domain;

static const char *problem_of(status s) {
	if (!s) return NULL;
	return CALL(GET_ERROR_MESSAGE, const char *, const void *)(s); // the status is kept: this happens once
}

const char *mslora_rows_make(const char *library) {
	if (domain) return NULL;
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
	if (!handle) return dlerror();
	typedef struct {
		void *const *(*get_api)(uint32_t version);
	} base;
	const base *(*get_base)(void) = (const base *(*)(void))dlsym(handle, "OrtGetApiBase");
	if (!get_base || !(api = get_base()->get_api(API))) return "it has no interface of version 24";
	void *made;
	const char *why = problem_of(CALL(CREATE_DOMAIN, status, const char *, void **)("mslora", &made));
	if (!why) why = problem_of(CALL(ADD_TO_DOMAIN, status, void *, const void *)(made, &rows));
	if (!why) why = problem_of(CALL(ADD_TO_DOMAIN, status, void *, const void *)(made, &rounded));
	if (!why) domain = made;
	return why;
}

const char *mslora_rows_add(void *options) { return problem_of(CALL(ADD_DOMAIN, status, void *, void *)(options, domain)); }

bool mslora_rows_made(void) { return domain != NULL; }
