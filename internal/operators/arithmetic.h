// Arithmetic on rows that gives the same bits on every processor, whatever the width of its registers.

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A product and a sum must be rounded one after the other on every processor, so that all compute the same bits.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off", "no-math-errno", "no-trapping-math")
#endif

#define INLINE static inline __attribute__((always_inline))

// Adding and taking away 1.5 * 2^23 leaves no fractions: a float is rounded to a whole number, half to even.
INLINE float whole(float x) { return (x + 12582912.0f) - 12582912.0f; }

// e^x within 2 units in the last place; 0 where the result is no normal number. x above 87.9 counts as that.
INLINE float exponential(float x) {
	float inside = x > 87.9f ? 87.9f : x < -87.0f ? -87.0f : x;
	float n = whole(inside * 1.44269504f);
	float r = fmaf(n, 2.12194440e-4f, fmaf(n, -0.693359375f, inside)); // ln 2 in two parts, the first of which has few bits
	// Of the series of e^r, whose rest is below 2^-25 for |r| <= ln 2 / 2.
	float p = 1.0f / 5040;
	p = fmaf(p, r, 1.0f / 720);
	p = fmaf(p, r, 1.0f / 120);
	p = fmaf(p, r, 1.0f / 24);
	p = fmaf(p, r, 1.0f / 6);
	p = fmaf(p, r, 0.5f);
	p = fmaf(p, r, 1.0f);
	p = fmaf(p, r, 1.0f);
	uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
	float power;
	memcpy(&power, &bits, sizeof power);
	return x < -87.0f ? 0.0f : p * power;
}

// erf within 4e-7: x times a quotient of polynomials in x^2, found by least squares up to 3.95, from where on float32 rounds erf to 1.
INLINE float error_function(float x) {
	float inside = x > 3.95f ? 3.95f : x < -3.95f ? -3.95f : x;
	float t = inside * inside;
	float p = 1.964108165e-08f;
	p = fmaf(p, t, -1.991465524e-06f);
	p = fmaf(p, t, 1.513303287e-04f);
	p = fmaf(p, t, 4.089734517e-03f);
	p = fmaf(p, t, 5.177593604e-02f);
	p = fmaf(p, t, 2.089851946e-01f);
	p = fmaf(p, t, 1.128378749e+00f);
	float q = 1.050955732e-03f;
	q = fmaf(q, t, 1.513110939e-02f);
	q = fmaf(q, t, 1.187494993e-01f);
	q = fmaf(q, t, 5.185366869e-01f);
	q = fmaf(q, t, 1.0f);
	return inside * p / q;
}

// NaN if one is.
INLINE float larger(float a, float b) { return (a > b) | (a != a) ? a : b; }

typedef float floats __attribute__((vector_size(64)));
typedef int32_t integers __attribute__((vector_size(64)));

// The columns from half on take the places of the first ones.
#if defined(__clang__)
#define FOLDED(x, half) __builtin_shufflevector(x, x, (half), (half) + 1, (half) + 2, (half) + 3, (half) + 4, (half) + 5, (half) + 6, (half) + 7, 0, 1, 2, 3, 4, 5, 6, 7)
#else
#define FOLDED(x, half) __builtin_shuffle(x, (integers){(half), (half) + 1, (half) + 2, (half) + 3, (half) + 4, (half) + 5, (half) + 6, (half) + 7, 0, 1, 2, 3, 4, 5, 6, 7})
#endif

// A sum in the same order on every processor: 16 partial sums, which are then added up in pairs.
INLINE float sum(const float *x, size_t n) {
	floats parts = {0};
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		floats now;
		memcpy(&now, x + i, sizeof now);
		parts += now;
	}
	for (int j = 0; i < n; i++, j++) parts[j] += x[i];
	parts += FOLDED(parts, 8);
	parts += FOLDED(parts, 4);
	parts += FOLDED(parts, 2);
	parts += FOLDED(parts, 1);
	return parts[0];
}

// Of each column the larger value stays, and the first where one is NaN.
INLINE void keep_larger(floats *most, const floats *now) {
	integers above = *now > *most;
	*most = (floats)((above & (integers)*now) | (~above & (integers)*most));
}

// The largest value of a row; NaN if one is.
INLINE float maximum(const float *x, size_t n) {
	floats most;
	integers odd = {0}; // not equal to themselves
	for (int j = 0; j < 16; j++) most[j] = x[0];
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		floats now;
		memcpy(&now, x + i, sizeof now);
		keep_larger(&most, &now);
		odd |= now != now;
	}
	float result = x[0];
	for (; i < n; i++) result = larger(result, x[i]);
#define FOLD(half)                       \
	{                                    \
		floats now = FOLDED(most, half); \
		keep_larger(&most, &now);        \
		odd |= FOLDED(odd, half);        \
	}
	FOLD(8) FOLD(4) FOLD(2) FOLD(1)
#undef FOLD
	return odd[0] ? NAN : larger(result, most[0]);
}

// A result may take the place of an operand, which compilers need not care about: values depend on those of the same column alone.
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

// Targets of functions for processors with wider registers, and whether this is one. fmaf is one instruction there.
#if defined(__x86_64__) && defined(__GNUC__)
#define AVX2 "avx2,fma"
#if defined(__clang__)
#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq,fma"
#else
#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512"
#endif
#define HAS_AVX2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define HAS_AVX512 (HAS_AVX2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
#endif
