#include "kernel.h"
#include <math.h>
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

INLINE float gelu(float x) { return 0.5f * x * (1.0f + error_function(x * 0.70710678f)); }

// NaN if one is.
INLINE float larger(float a, float b) { return (a > b) | (a != a) ? a : b; }

// A sum in the same order on every processor: 16 partial sums, which are then added up in pairs.
INLINE float sum(const float *x, size_t n) {
	float parts[16] = {0};
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		for (int j = 0; j < 16; j++) parts[j] += x[i + j];
	}
	for (int j = 0; i < n; i++, j++) parts[j] += x[i];
	for (int half = 8; half > 0; half /= 2) {
		for (int j = 0; j < half; j++) parts[j] += parts[j + half];
	}
	return parts[0];
}

typedef float floats __attribute__((vector_size(64)));
typedef int32_t integers __attribute__((vector_size(64)));

// The largest value of a row; NaN if one is.
INLINE float maximum(const float *x, size_t n) {
	floats most;
	integers odd = {0}; // not equal to themselves
	for (int j = 0; j < 16; j++) most[j] = x[0];
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		floats now;
		memcpy(&now, x + i, sizeof now);
		integers above = now > most;
		most = (floats)((above & (integers)now) | (~above & (integers)most));
		odd |= now != now;
	}
	float result = x[0];
	for (; i < n; i++) result = larger(result, x[i]);
	for (int j = 0; j < 16; j++) {
		result = larger(result, most[j]);
		if (odd[j]) result = NAN;
	}
	return result;
}

// A result may take the place of an operand, which compilers need not care about: values depend on those of the same column alone.
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif
#define COLUMNS INDEPENDENT for (size_t i = 0; i < padded; i++)
#define VECTOR(expression) COLUMNS { to[i] = (expression); } break

INLINE void run_row(const mslora_instruction *program, size_t count, void **at, size_t n) {
	const size_t padded = (n + 15) & ~(size_t)15;
	for (const mslora_instruction *now = program; now < program + count; now++) {
		float *to = at[now->to];
		const float *a = now->operation == SET_S ? NULL : at[now->a], *b = at[now->b];
		switch ((enum mslora_operation)now->operation) {
		case ADD_VV: VECTOR(a[i] + b[i]);
		case ADD_VS: { float s = *b; VECTOR(a[i] + s); }
		case ADD_SS: *to = *a + *b; break;
		case SUB_VV: VECTOR(a[i] - b[i]);
		case SUB_VS: { float s = *b; VECTOR(a[i] - s); }
		case SUB_SV: { float s = *a; VECTOR(s - b[i]); }
		case SUB_SS: *to = *a - *b; break;
		case MUL_VV: VECTOR(a[i] * b[i]);
		case MUL_VS: { float s = *b; VECTOR(a[i] * s); }
		case MUL_SS: *to = *a * *b; break;
		case DIV_VV: VECTOR(a[i] / b[i]);
		case DIV_VS: { float s = *b; VECTOR(a[i] / s); }
		case DIV_SV: { float s = *a; VECTOR(s / b[i]); }
		case DIV_SS: *to = *a / *b; break;
		case MAX_VV: VECTOR(larger(a[i], b[i]));
		case MAX_VS: { float s = *b; VECTOR(larger(a[i], s)); }
		case MAX_SS: *to = larger(*a, *b); break;
		case ABS_V: VECTOR(a[i] < 0 ? -a[i] : a[i]);
		case ABS_S: *to = *a < 0 ? -*a : *a; break;
		case NEG_V: VECTOR(-a[i]);
		case NEG_S: *to = -*a; break;
		case SQRT_S: *to = sqrtf(*a); break;
		case INVERT_V: VECTOR(1.0f / a[i]);
		case INVERT_S: *to = 1.0f / *a; break;
		case EXP_V: VECTOR(exponential(a[i]));
		case ERF_V: VECTOR(error_function(a[i]));
		case GELU_V: VECTOR(gelu(a[i]));
		case SIGMOID_V: VECTOR(1.0f / (1.0f + exponential(-a[i])));
		case SUM_V: *to = sum(a, n); break;
		case MEAN_V: *to = sum(a, n) / (float)n; break;
		case MAXIMUM_V: *to = maximum(a, n); break;
		case FROM_UINT8_V: { const uint8_t *u = at[now->a]; VECTOR((float)u[i]); }
		case FROM_UINT8_S: *to = *(const uint8_t *)at[now->a]; break;
		case TO_UINT8_V: {
			uint8_t *u = at[now->to];
			float s = *b;
			COLUMNS {
				int32_t v = (int32_t)(whole(a[i]) + s);
				u[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
			}
			break;
		}
		case SET_S: { uint32_t bits = (uint32_t)now->a; memcpy(to, &bits, sizeof bits); break; }
		case OPERATIONS: break;
		}
	}
}

// The same for processors with wider registers, which compilers use by themselves. fmaf is one instruction there.
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2,fma"))) static void run_row_avx2(const mslora_instruction *program, size_t count, void **at, size_t n) {
	run_row(program, count, at, n);
}

#if defined(__clang__)
#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,fma"
#else
#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512"
#endif
__attribute__((target(WIDE))) static void run_row_avx512(const mslora_instruction *program, size_t count, void **at, size_t n) {
	run_row(program, count, at, n);
}

void mslora_run_row(const mslora_instruction *program, size_t count, void **at, size_t n) {
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
		run_row_avx512(program, count, at, n);
	} else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
		run_row_avx2(program, count, at, n);
	} else {
		run_row(program, count, at, n);
	}
}
#else
void mslora_run_row(const mslora_instruction *program, size_t count, void **at, size_t n) { run_row(program, count, at, n); }
#endif
