#ifndef MSLORA_ORT_H
#define MSLORA_ORT_H

#include <stddef.h>
#include <stdint.h>

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

enum { API = 24, FLOAT = 1, UINT8 = 2, INT64 = 7, UNDEFINED = 0, REQUIRED = 0, VARIADIC = 2, MOST_AXES = 8 };

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
	const char *called;
	int rounds; // the first output is uint8
};

// The table, once mslora_operators_make has found it.
extern void *const *mslora_api;
#define CALL(place, result, ...) ((result(*)(__VA_ARGS__))mslora_api[place])

#define TRY(call)                     \
	do {                              \
		status problem = (call);      \
		if (problem) return problem;  \
	} while (0)

status mslora_failed(const char *why);

// A kernel begins with the list of whole numbers that its node has as an attribute.
typedef struct {
	size_t count;
	int64_t *numbers;
} mslora_kernel;

// Makes a kernel of size bytes, zeros behind the list. Fewer numbers than least are an error.
status mslora_create(const void *info, const char *attribute, size_t least, size_t size, void **made);
void mslora_destroy(void *made);

// What is known of a tensor when a node runs.
typedef struct {
	size_t count; // of axes
	int64_t sizes[MOST_AXES];
	int type;
	char *data;
} mslora_tensor;

status mslora_input(void *context, size_t i, mslora_tensor *t);

// Makes an output with the sizes of t, whose data it sets.
status mslora_output(void *context, size_t i, mslora_tensor *t);

// Lets ONNX Runtime's threads do the parts of a work.
status mslora_parallel(void *context, void (*part)(void *work, size_t), size_t parts, void *work);

// An operator of any number of tensors of any kinds, with float32 outputs, of which the first may be uint8.
#define OPERATOR(title, makes, computes, rounds_first)                                                                                    \
	{                                                                                                                                   \
		.version = API, .name = mslora_name, .provider = mslora_provider, .input_type = mslora_any, .input_types = mslora_one,            \
		.output_type = mslora_output_type, .output_types = mslora_output_types, .destroy_kernel = mslora_destroy,                             \
		.input_kind = mslora_variadic, .output_kind = mslora_output_kind, .input_memory = mslora_any, .least_inputs = mslora_yes,         \
		.inputs_alike = mslora_no, .least_outputs = mslora_yes, .outputs_alike = mslora_yes, .create = makes, .compute = computes,        \
		.first_version = mslora_yes, .last_version = mslora_last_version, .called = title, .rounds = rounds_first,                        \
	}
const char *mslora_name(const operator *);
const char *mslora_provider(const operator *);
int mslora_any(const operator *, size_t);
size_t mslora_one(const operator *);
int mslora_output_type(const operator *, size_t);
size_t mslora_output_types(const operator *);
int mslora_variadic(const operator *, size_t);
int mslora_output_kind(const operator *, size_t);
int mslora_yes(const operator *);
int mslora_no(const operator *);
int mslora_last_version(const operator *);

extern operator mslora_rows, mslora_rows_rounded, mslora_attention_forward, mslora_attention_backward;

#endif
