#include "rows_kernel.h"
#include "arithmetic.h"

INLINE float gelu(float x) { return 0.5f * x * (1.0f + error_function(x * 0.70710678f)); }

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
