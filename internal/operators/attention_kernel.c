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
