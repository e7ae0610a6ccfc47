#include "rows_kernel.h"
#include "arithmetic.h"

INLINE float gelu(float x) { return 0.5f * x * (1.0f + error_function(x * 0.70710678f)); }

#define COLUMNS INDEPENDENT for (size_t i = from; i < until; i++)
#define VECTOR(expression) COLUMNS { to[i] = (expression); } break
#define SCALAR(expression) if (from == 0) *to = (expression); break

// Runs instructions that do not reduce rows, for the columns from `from` on. Scalars are computed with the first ones.
INLINE void run_columns(const mslora_instruction *now, const mslora_instruction *end, void **at, size_t from, size_t until) {
	for (; now < end; now++) {
		float *to = at[now->to];
		const float *a = now->operation == SET_S ? NULL : at[now->a], *b = at[now->b];
		switch ((enum mslora_operation)now->operation) {
		case ADD_VV: VECTOR(a[i] + b[i]);
		case ADD_VS: { float s = *b; VECTOR(a[i] + s); }
		case ADD_SS: SCALAR(*a + *b);
		case SUB_VV: VECTOR(a[i] - b[i]);
		case SUB_VS: { float s = *b; VECTOR(a[i] - s); }
		case SUB_SV: { float s = *a; VECTOR(s - b[i]); }
		case SUB_SS: SCALAR(*a - *b);
		case MUL_VV: VECTOR(a[i] * b[i]);
		case MUL_VS: { float s = *b; VECTOR(a[i] * s); }
		case MUL_SS: SCALAR(*a * *b);
		case DIV_VV: VECTOR(a[i] / b[i]);
		case DIV_VS: { float s = *b; VECTOR(a[i] / s); }
		case DIV_SV: { float s = *a; VECTOR(s / b[i]); }
		case DIV_SS: SCALAR(*a / *b);
		case MAX_VV: VECTOR(larger(a[i], b[i]));
		case MAX_VS: { float s = *b; VECTOR(larger(a[i], s)); }
		case MAX_SS: SCALAR(larger(*a, *b));
		case ABS_V: VECTOR(a[i] < 0 ? -a[i] : a[i]);
		case ABS_S: SCALAR(*a < 0 ? -*a : *a);
		case NEG_V: VECTOR(-a[i]);
		case NEG_S: SCALAR(-*a);
		case SQRT_S: SCALAR(sqrtf(*a));
		case INVERT_V: VECTOR(1.0f / a[i]);
		case INVERT_S: SCALAR(1.0f / *a);
		case EXP_V: VECTOR(exponential(a[i]));
		case ERF_V: VECTOR(error_function(a[i]));
		case GELU_V: VECTOR(gelu(a[i]));
		case SIGMOID_V: VECTOR(1.0f / (1.0f + exponential(-a[i])));
		case FROM_UINT8_V: { const uint8_t *u = at[now->a]; VECTOR((float)u[i]); }
		case FROM_UINT8_S: SCALAR(*(const uint8_t *)at[now->a]);
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
		default: break;
		}
	}
}

// Columns that are computed at once, so that their values stay in the first cache: 2 KiB of each vector.
enum { STRIP = 512 };

INLINE int reduces(int64_t operation) { return operation == SUM_V || operation == MEAN_V || operation == MAXIMUM_V; }

INLINE void run_row(const mslora_instruction *program, size_t count, void **at, size_t n) {
	const size_t padded = (n + 15) & ~(size_t)15;
	const mslora_instruction *last = program + count;
	for (const mslora_instruction *now = program, *end; now < last; now = end + 1) {
		end = now;
		while (end < last && !reduces(end->operation)) end++;
		for (size_t from = 0; from < padded && now < end; from += STRIP) run_columns(now, end, at, from, padded - from < STRIP ? padded : from + STRIP);
		if (end < last) {
			const float *a = at[end->a];
			*(float *)at[end->to] = end->operation == MAXIMUM_V ? maximum(a, n) : end->operation == SUM_V ? sum(a, n) : sum(a, n) / (float)n;
		}
	}
}

// The same for processors with wider registers, which compilers use by themselves. fmaf is one instruction there.
#ifdef AVX2
__attribute__((target(AVX2))) static void run_row_avx2(const mslora_instruction *program, size_t count, void **at, size_t n) {
	run_row(program, count, at, n);
}

__attribute__((target(AVX512))) static void run_row_avx512(const mslora_instruction *program, size_t count, void **at, size_t n) {
	run_row(program, count, at, n);
}

void mslora_run_row(const mslora_instruction *program, size_t count, void **at, size_t n) {
	if (HAS_AVX512) {
		run_row_avx512(program, count, at, n);
	} else if (HAS_AVX2) {
		run_row_avx2(program, count, at, n);
	} else {
		run_row(program, count, at, n);
	}
}
#else
void mslora_run_row(const mslora_instruction *program, size_t count, void **at, size_t n) { run_row(program, count, at, n); }
#endif
