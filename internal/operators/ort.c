#include "ort.h"
#include "operators.h"
#include <dlfcn.h>
#include <stdlib.h>

void *const *mslora_api;

status mslora_failed(const char *why) { return CALL(CREATE_STATUS, status, int, const char *)(1, why); }

static status read_attribute(const void *info, const char *name, int64_t *numbers, size_t *count) {
	return CALL(INTEGERS, status, const void *, const char *, int64_t *, size_t *)(info, name, numbers, count);
}

static status read_numbers(mslora_kernel *k, const void *info, const char *attribute, size_t least) {
	status problem = read_attribute(info, attribute, NULL, &k->count);
	if (problem && k->count == 0) return problem;
	if (problem) CALL(RELEASE_STATUS, void, status)(problem);
	k->numbers = malloc((k->count + 1) * sizeof *k->numbers);
	if (!k->numbers) return mslora_failed("no memory for an attribute");
	TRY(read_attribute(info, attribute, k->numbers, &k->count));
	return k->count < least ? mslora_failed("an attribute without a beginning") : NULL;
}

status mslora_create(const void *info, const char *attribute, size_t least, size_t size, void **made) {
	mslora_kernel *k = calloc(1, size);
	if (!k) return mslora_failed("no memory for an operator");
	status problem = read_numbers(k, info, attribute, least);
	if (problem) {
		mslora_destroy(k);
	} else {
		*made = k;
	}
	return problem;
}

void mslora_destroy(void *made) {
	mslora_kernel *k = made;
	free(k->numbers);
	free(k);
}

status mslora_input(void *context, size_t i, mslora_tensor *t) {
	const void *value;
	void *shape;
	TRY(CALL(INPUT, status, const void *, size_t, const void **)(context, i, &value));
	TRY(CALL(SHAPE_OF, status, const void *, void **)(value, &shape));
	status problem = CALL(COUNT_SIZES, status, const void *, size_t *)(shape, &t->count);
	if (!problem && t->count > MOST_AXES) problem = mslora_failed("a tensor with too many axes");
	if (!problem) problem = CALL(GET_SIZES, status, const void *, int64_t *, size_t)(shape, t->sizes, t->count);
	if (!problem) problem = CALL(GET_TYPE, status, const void *, int *)(shape, &t->type);
	CALL(RELEASE_SHAPE, void, void *)(shape);
	if (problem) return problem;
	return CALL(TENSOR_DATA, status, const void *, void **)(value, (void **)&t->data);
}

status mslora_output(void *context, size_t i, mslora_tensor *t) {
	void *value;
	TRY(CALL(OUTPUT, status, void *, size_t, const int64_t *, size_t, void **)(context, i, t->sizes, t->count, &value));
	return CALL(TENSOR_DATA, status, const void *, void **)(value, (void **)&t->data);
}

status mslora_parallel(void *context, void (*part)(void *work, size_t), size_t parts, void *work) {
	if (parts == 1) {
		part(work, 0);
		return NULL;
	}
	return CALL(PARALLEL, status, const void *, void (*)(void *, size_t), size_t, size_t, void *)(context, part, parts, 0, work);
}

const char *mslora_name(const operator *o) { return o->called; }
const char *mslora_provider(const operator *o) { (void)o; return NULL; }
int mslora_any(const operator *o, size_t i) { (void)o, (void)i; return UNDEFINED; }
size_t mslora_one(const operator *o) { (void)o; return 1; }
int mslora_output_type(const operator *o, size_t i) { return o->rounds && i == 0 ? UINT8 : FLOAT; }
size_t mslora_output_types(const operator *o) { return o->rounds ? 2 : 1; }
int mslora_variadic(const operator *o, size_t i) { (void)o, (void)i; return VARIADIC; }
int mslora_output_kind(const operator *o, size_t i) { return o->rounds && i == 0 ? REQUIRED : VARIADIC; }
int mslora_yes(const operator *o) { (void)o; return 1; }
int mslora_no(const operator *o) { (void)o; return 0; }
int mslora_last_version(const operator *o) { (void)o; return 0x7fffffff; }

static void *domain;

static const char *problem_of(status s) {
	if (!s) return NULL;
	return CALL(GET_ERROR_MESSAGE, const char *, const void *)(s); // the status is kept: this happens once
}

const char *mslora_operators_make(const char *library) {
	if (domain) return NULL;
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
	if (!handle) return dlerror();
	typedef struct {
		void *const *(*get_api)(uint32_t version);
	} base;
	const base *(*get_base)(void) = (const base *(*)(void))dlsym(handle, "OrtGetApiBase");
	if (!get_base || !(mslora_api = get_base()->get_api(API))) return "it has no interface of version 24";
	void *made;
	const char *why = problem_of(CALL(CREATE_DOMAIN, status, const char *, void **)("mslora", &made));
	operator *const all[] = {&mslora_rows, &mslora_rows_rounded, &mslora_attention_forward, &mslora_attention_backward};
	for (size_t i = 0; i < sizeof all / sizeof *all && !why; i++) why = problem_of(CALL(ADD_TO_DOMAIN, status, void *, const void *)(made, all[i]));
	if (!why) domain = made;
	return why;
}

const char *mslora_operators_add(void *options) { return problem_of(CALL(ADD_DOMAIN, status, void *, void *)(options, domain)); }

bool mslora_operators_made(void) { return domain != NULL; }
