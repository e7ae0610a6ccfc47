#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif
#include "arithmetic.h"
#include "attention_kernel.h"
#include "operators.h"

enum {
	GROUP = 8,    // queries or keys that are multiplied at once
	STRETCH = 32, // queries whose scores the gradient holds at once
};
#define PADDED(n) (((n) + 15) & ~(size_t)15)

size_t mslora_attention_scratch(size_t queries, size_t keys, size_t size) {
	keys = PADDED(keys), size = PADDED(size);
	return 5 * keys * size + 2 * queries * size + 2 * STRETCH * keys + GROUP * size + keys + size;
}

// Copies the vectors of tokens to rows or columns, which 0 pads. Nobody uses what comes of columns behind the last token, but whatever lay in memory there
// may be subnormal numbers, and these take a processor a hundred times as long.
INLINE void gather_rows(float *to, size_t step, const float *const *from, size_t tokens, size_t size) {
	for (size_t t = 0; t < tokens; t++, to += step) {
		size_t c = 0;
		for (; c + 16 <= size; c += 16) memcpy(to + c, from[t] + c, 16 * sizeof *to);
		for (; c < size; c++) to[c] = from[t][c];
		for (; c < step; c++) to[c] = 0;
	}
}

INLINE void gather_columns(float *to, size_t step, const float *const *from, size_t tokens, size_t size) {
	for (size_t c = 0; c < size; c++) {
		for (size_t t = tokens; t < step; t++) to[c * step + t] = 0;
	}
	for (size_t t = 0; t < tokens; t++) {
		const float *v = from[t];
		for (size_t c = 0; c < size; c++) to[c * step + t] = v[c];
	}
}

// Whole registers of a query's row: those from begin to end have keys that it sees.
INLINE size_t row_begin(const mslora_attention *h, size_t query) { return h->first[query] & ~(size_t)15; }
INLINE size_t row_end(const mslora_attention *h, size_t query) { return PADDED(h->last[query]); }

// Sets a row to 0 from low to high, but for what stands from begin to end; all are multiples of 16.
INLINE void clear_row(float *row, size_t low, size_t begin, size_t end, size_t high) {
	for (size_t i = low; i < begin; i += 16) memset(row + i, 0, 16 * sizeof *row);
	for (size_t i = end; i < high; i += 16) memset(row + i, 0, 16 * sizeof *row);
}

// What dropout keeps of a query's row, from begin to end. The last row has no memory behind it: it is copied to spare.
INLINE const uint8_t *kept_row(const mslora_attention *h, size_t query, float *spare) {
	size_t begin = row_begin(h, query), row = query * h->keys;
	if (row + row_end(h, query) <= h->queries * h->keys) return h->keep + row + begin;
	return memcpy(spare, h->keep + row + begin, h->keys - begin);
}

// The keys that any of some queries sees: from low, a multiple of 16, to high.
INLINE int keys_seen(const mslora_attention *h, size_t from, size_t until, size_t *low, size_t *high) {
	*low = h->keys, *high = 0;
	for (size_t i = from; i < until; i++) {
		if (h->first[i] >= h->last[i]) continue;
		if ((size_t)h->first[i] < *low) *low = h->first[i];
		if ((size_t)h->last[i] > *high) *high = h->last[i];
	}
	*low &= ~(size_t)15;
	return *high > 0;
}

#ifdef AVX2
typedef float lanes16 __attribute__((vector_size(64)));
typedef float lanes8 __attribute__((vector_size(32)));

#define TARGET __attribute__((target(AVX512)))
#define NAME(name) name##_avx512
#define LANES 16
#define lanes lanes16
#define multiply_add(a, b, c) ((lanes)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#include "attention_lanes.h"
#undef TARGET
#undef NAME
#undef LANES
#undef lanes
#undef multiply_add

#define TARGET __attribute__((target(AVX2)))
#define NAME(name) name##_avx2
#define LANES 8
#define lanes lanes8
#define multiply_add(a, b, c) ((lanes)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#include "attention_lanes.h"
#undef TARGET
#undef NAME
#undef LANES
#undef lanes
#undef multiply_add
#endif

typedef float lanes4 __attribute__((vector_size(16)));
INLINE lanes4 multiply_add4(lanes4 a, lanes4 b, lanes4 c) {
	for (int i = 0; i < 4; i++) c[i] = fmaf(a[i], b[i], c[i]);
	return c;
}

#define TARGET
#define NAME(name) name##_any
#define LANES 4
#define lanes lanes4
#define multiply_add multiply_add4
#include "attention_lanes.h"

#ifdef AVX2
bool mslora_attention_fast(void) { return HAS_AVX2; }
#define BEST(function, ...) (HAS_AVX512 ? function##_avx512(__VA_ARGS__) : HAS_AVX2 ? function##_avx2(__VA_ARGS__) : function##_any(__VA_ARGS__))
#else
bool mslora_attention_fast(void) { return true; }
#define BEST(function, ...) function##_any(__VA_ARGS__)
#endif

void mslora_attend(const mslora_attention *h, float *const *result, float *statistics, float *scratch) {
	BEST(attend, h, result, statistics, scratch);
}

void mslora_attend_gradient(const mslora_attention *h, const float *const *gradient, const float *const *result, const float *statistics,
                            float *const *by_query, float *const *by_key, float *const *by_value, float *scratch) {
	BEST(attend_gradient, h, gradient, result, statistics, by_query, by_key, by_value, scratch);
}
