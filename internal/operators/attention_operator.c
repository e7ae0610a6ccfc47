#include "ort.h"
#include "attention_kernel.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// The inputs of both operators: the heads of tokens as rows [n, e]; which row stands in each slot of attention, [N, Q] and [N, K]; in which slot
// each row stands; biases [R, 1, Q or 1, K]. Behind them those of the gradient, and then, with dropout, what is kept [N, Q, K] and its scale.
enum { QUERY, KEY, VALUE, QUERY_SLOTS, KEY_SLOTS, QUERY_PLACES, BIAS, FORWARD_INPUTS };
enum { KEY_PLACES = FORWARD_INPUTS, GRADIENT, FILLED, RESULT, STATISTICS, BACKWARD_INPUTS };

// A node has them as the attribute attention: see graphs/attention.go.
enum { DROPOUT, SCALE, KEEPS_STATISTICS, BY_QUERY = KEEPS_STATISTICS, BY_KEY, BY_VALUE, SETTINGS };

typedef struct {
	mslora_kernel node;
	int backward;
	const int64_t *settings;
	float scale;
} kernel;

static status create(const operator *o, const void *unused, const void *info, void **made) {
	(void)unused;
	int backward = o == &mslora_attention_backward;
	TRY(mslora_create(info, "attention", backward ? SETTINGS : KEEPS_STATISTICS + 1, sizeof(kernel), made));
	kernel *k = *made;
	k->backward = backward, k->settings = k->node.numbers;
	uint32_t bits = (uint32_t)k->settings[SCALE];
	memcpy(&k->scale, &bits, sizeof bits);
	return NULL;
}

// What the threads share.
typedef struct {
	const kernel *k;
	mslora_tensor all[BACKWARD_INPUTS + 2];
	size_t heads, queries, keys, size, part, scratch; // heads [N], and how many of them a turn has
	int32_t *seen;                                    // [R, 3, Q]: first, last, biased
	size_t heads_of_row;
	const uint8_t *keep;
	float keep_scale;
	float *result, *statistics;                       // forward
	float *by_query, *by_key, *by_value;              // backward
	atomic_size_t placed[3];                          // rows that have got a result
	atomic_bool failed;
} work;

enum { MASKED = -500000000 }; // a bias below it leaves no probability

// Which keys a query sees: those between the first and the last that are not masked, or all if all are.
static void find_seen(work *w) {
	const mslora_tensor *t = &w->all[BIAS];
	size_t rows = t->sizes[0], own = t->sizes[2], keys = w->keys;
	for (size_t r = 0; r < rows; r++) {
		int32_t *first = w->seen + r * 3 * w->queries, *last = first + w->queries, *biased = last + w->queries;
		for (size_t i = 0; i < w->queries; i++) {
			if (i >= own) {
				first[i] = first[0], last[i] = last[0], biased[i] = biased[0];
				continue;
			}
			const float *bias = (const float *)t->data + (r * own + i) * keys;
			size_t low = 0, high = keys;
			while (low < keys && bias[low] < MASKED) low++;
			while (high > low && bias[high - 1] < MASKED) high--;
			if (low >= high) low = 0, high = keys;
			int any = 0;
			for (size_t j = low; j < high; j++) any |= bias[j] != 0;
			first[i] = low, last[i] = high, biased[i] = any;
		}
	}
}

// The place of a slot's row in a result, which no other slot has; NULL if it has none.
static float *place(const work *w, int slots, int places, size_t slot, float *result) {
	if (!result) return NULL;
	int64_t row = ((const int64_t *)w->all[slots].data)[slot];
	return ((const int64_t *)w->all[places].data)[row] == (int64_t)slot ? result + row * w->size : NULL;
}

static void attend(work *w, size_t head, void *memory) {
	size_t queries = w->queries, keys = w->keys, size = w->size, at = head * queries, key_at = head * keys;
	const float **query = memory, **key = query + queries, **value = key + keys, **gradient = value + keys, **result = gradient + queries;
	float **by_query = (float **)(result + queries), **by_key = by_query + queries, **by_value = by_key + keys;
	int32_t *first = (int32_t *)(by_value + keys);
	float *scratch = (float *)(first + queries);
	const int64_t *query_slots = (const int64_t *)w->all[QUERY_SLOTS].data + at, *key_slots = (const int64_t *)w->all[KEY_SLOTS].data + key_at;
	size_t row = head / w->heads_of_row;
	const int32_t *seen = w->seen + row * 3 * queries;
	memcpy(first, seen, queries * sizeof *first);
	const mslora_tensor *bias = &w->all[BIAS];
	size_t own = bias->sizes[2];
	mslora_attention h = {
		.queries = queries, .keys = keys, .size = size, .scale = w->k->scale, .query = query, .key = key, .value = value,
		.bias = (const float *)bias->data + row * own * keys, .bias_step = own == 1 ? 0 : keys,
		.keep = w->keep ? w->keep + at * keys : NULL, .keep_scale = w->keep_scale, .first = first, .last = seen + queries, .biased = seen + 2 * queries,
	};
	size_t placed[3] = {0};
	for (size_t j = 0; j < keys; j++) {
		key[j] = (const float *)w->all[KEY].data + key_slots[j] * size;
		value[j] = (const float *)w->all[VALUE].data + key_slots[j] * size;
		if (!w->k->backward) continue;
		placed[1] += (by_key[j] = place(w, KEY_SLOTS, KEY_PLACES, key_at + j, w->by_key)) != NULL;
		placed[2] += (by_value[j] = place(w, KEY_SLOTS, KEY_PLACES, key_at + j, w->by_value)) != NULL;
	}
	for (size_t i = 0; i < queries; i++) {
		query[i] = (const float *)w->all[QUERY].data + query_slots[i] * size;
		if (w->k->backward) {
			gradient[i] = (const float *)w->all[GRADIENT].data + query_slots[i] * size;
			result[i] = (const float *)w->all[RESULT].data + query_slots[i] * size;
			placed[0] += (by_query[i] = place(w, QUERY_SLOTS, QUERY_PLACES, at + i, w->by_query)) != NULL;
			if (((const float *)w->all[FILLED].data)[at + i] == 0) first[i] = keys; // what pads rows has no gradient
		} else {
			placed[0] += (by_query[i] = place(w, QUERY_SLOTS, QUERY_PLACES, at + i, w->result)) != NULL;
			if (!by_query[i]) first[i] = keys; // nor a result
		}
	}
	if (w->k->backward) {
		mslora_attend_gradient(&h, gradient, result, (const float *)w->all[STATISTICS].data + 2 * at, w->by_query ? by_query : NULL,
		                       w->by_key ? by_key : NULL, w->by_value ? by_value : NULL, scratch);
	} else {
		mslora_attend(&h, by_query, w->statistics ? w->statistics + 2 * at : NULL, scratch);
	}
	for (int i = 0; i < 3; i++) w->placed[i] += placed[i];
}

static void run_part(void *shared, size_t part) {
	work *w = shared;
	void *memory = malloc(w->scratch);
	if (!memory) {
		w->failed = true;
		return;
	}
	size_t first = part * w->part, last = first + w->part < w->heads ? first + w->part : w->heads;
	for (size_t head = first; head < last; head++) attend(w, head, memory);
	free(memory);
}

static size_t numbers_of(const mslora_tensor *t) {
	size_t count = 1;
	for (size_t axis = 0; axis < t->count; axis++) count *= t->sizes[axis];
	return count;
}

// How many numbers float32 has; SIZE_MAX, which nothing is as large as, of another type.
static size_t floats_of(const mslora_tensor *t) { return t->type == FLOAT ? numbers_of(t) : SIZE_MAX; }

// Whether slots are rows of a tensor of so many, and places are slots.
static int inside(const mslora_tensor *t, size_t limit) {
	if (t->type != INT64) return 0;
	size_t count = numbers_of(t);
	const int64_t *numbers = (const int64_t *)t->data;
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] < 0 || (size_t)numbers[i] >= limit) return 0;
	}
	return 1;
}

// Finds the sizes; gives what is wrong with the inputs.
static const char *check(work *w) {
	const mslora_tensor *q = &w->all[QUERY], *k = &w->all[KEY], *v = &w->all[VALUE], *slots = &w->all[QUERY_SLOTS], *key_slots = &w->all[KEY_SLOTS];
	const mslora_tensor *places = &w->all[QUERY_PLACES], *key_places = &w->all[KEY_PLACES], *bias = &w->all[BIAS];
	int by_keys = w->k->backward && (w->k->settings[BY_KEY] || w->k->settings[BY_VALUE]);
	if (q->count != 2 || k->count != 2 || v->count != 2 || slots->count != 2 || key_slots->count != 2 || places->count != 2 || (by_keys && key_places->count != 2) || bias->count != 4) return "attention with other axes";
	w->heads = slots->sizes[0], w->queries = slots->sizes[1], w->keys = key_slots->sizes[1], w->size = q->sizes[1];
	int fit = k->sizes[1] == q->sizes[1] && v->sizes[1] == q->sizes[1] && k->sizes[0] == v->sizes[0] && key_slots->sizes[0] == slots->sizes[0] &&
	          numbers_of(places) == (size_t)q->sizes[0] && (!by_keys || numbers_of(key_places) == (size_t)k->sizes[0]) && bias->sizes[0] > 0 &&
	          w->heads % bias->sizes[0] == 0 && bias->sizes[1] == 1 && (bias->sizes[2] == 1 || bias->sizes[2] == slots->sizes[1]) &&
	          bias->sizes[3] == key_slots->sizes[1] && q->type == FLOAT && k->type == FLOAT && v->type == FLOAT && bias->type == FLOAT;
	if (w->k->backward) {
		const mslora_tensor *gradient = &w->all[GRADIENT], *result = &w->all[RESULT], *filled = &w->all[FILLED], *statistics = &w->all[STATISTICS];
		fit = fit && floats_of(gradient) == numbers_of(q) && floats_of(result) == numbers_of(q) && floats_of(filled) == numbers_of(slots) &&
		      floats_of(statistics) == 2 * numbers_of(slots);
	}
	if (w->k->settings[DROPOUT]) {
		const mslora_tensor *keep = &w->all[w->k->backward ? BACKWARD_INPUTS : FORWARD_INPUTS], *scale = keep + 1;
		fit = fit && keep->type == UINT8 && numbers_of(keep) == w->heads * w->queries * w->keys && floats_of(scale) == 1;
		if (fit) w->keep = (const uint8_t *)keep->data, w->keep_scale = *(const float *)scale->data;
	}
	if (!fit) return "tensors of attention that do not fit";
	w->heads_of_row = w->heads / bias->sizes[0];
	if (!inside(slots, q->sizes[0]) || !inside(key_slots, k->sizes[0]) || !inside(places, w->heads * w->queries) || (by_keys && !inside(key_places, w->heads * w->keys))) return "attention to tokens that are not there";
	return NULL;
}

static status compute(void *made, void *context) {
	const kernel *k = made;
	work w = {.k = k};
	size_t inputs = (k->backward ? BACKWARD_INPUTS : FORWARD_INPUTS) + (k->settings[DROPOUT] ? 2 : 0);
	for (size_t i = 0; i < inputs; i++) TRY(mslora_input(context, i, &w.all[i]));
	const char *why = check(&w);
	if (why) return mslora_failed(why);
	// Results are rows like queries, keys and values, as the places have them.
	mslora_tensor by_query = {.count = 3, .sizes = {w.all[QUERY_PLACES].sizes[0], w.all[QUERY_PLACES].sizes[1], w.size}};
	mslora_tensor by_key = {.count = 3, .sizes = {w.all[KEY_PLACES].sizes[0], w.all[KEY_PLACES].sizes[1], w.size}}, by_value = by_key;
	size_t output = 0, expected[3] = {0};
	if (!k->backward) {
		TRY(mslora_output(context, output++, &by_query));
		w.result = (float *)by_query.data, expected[0] = w.all[QUERY].sizes[0];
		if (k->settings[KEEPS_STATISTICS]) {
			mslora_tensor statistics = {.count = 3, .sizes = {w.heads, w.queries, 2}};
			TRY(mslora_output(context, output++, &statistics));
			w.statistics = (float *)statistics.data;
		}
	}
	if (k->backward && k->settings[BY_QUERY]) {
		TRY(mslora_output(context, output++, &by_query));
		w.by_query = (float *)by_query.data, expected[0] = w.all[QUERY].sizes[0];
	}
	if (k->backward && k->settings[BY_KEY]) {
		TRY(mslora_output(context, output++, &by_key));
		w.by_key = (float *)by_key.data, expected[1] = w.all[KEY].sizes[0];
	}
	if (k->backward && k->settings[BY_VALUE]) {
		TRY(mslora_output(context, output++, &by_value));
		w.by_value = (float *)by_value.data, expected[2] = w.all[VALUE].sizes[0];
	}
	if (w.heads == 0 || w.queries == 0 || w.keys == 0) return NULL;
	w.seen = malloc(w.all[BIAS].sizes[0] * 3 * w.queries * sizeof *w.seen);
	if (!w.seen) return mslora_failed("no memory for attention");
	find_seen(&w);
	w.scratch = (4 * w.queries + 4 * w.keys) * sizeof(void *) + w.queries * sizeof(int32_t) + mslora_attention_scratch(w.queries, w.keys, w.size) * sizeof(float);
	w.part = 65536 / (w.queries * w.keys) + 1; // heads that are worth a turn
	status problem = mslora_parallel(context, run_part, (w.heads + w.part - 1) / w.part, &w);
	free(w.seen);
	if (problem) return problem;
	if (w.failed) return mslora_failed("no memory for attention");
	for (int i = 0; i < 3; i++) {
		if (w.placed[i] != expected[i]) return mslora_failed("attention without a place for each token");
	}
	return NULL;
}

operator mslora_attention_forward = OPERATOR("Attention", create, compute, 0);
operator mslora_attention_backward = OPERATOR("AttentionGradient", create, compute, 0);
