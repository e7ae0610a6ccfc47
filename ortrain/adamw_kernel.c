#include "adamw_kernel.h"
#include <math.h>

static void scalar(float *p, const float *g, float *m, float *v, size_t i, size_t n, const mslora_adamw *s) {
	for (; i < n; i++) {
		float gi = g ? g[i] * s->gradient_scale : 0;
		m[i] = s->beta1 * m[i] + (1 - s->beta1) * gi;
		v[i] = s->beta2 * v[i] + (1 - s->beta2) * gi * gi;
		p[i] = p[i] * s->decay - s->step * m[i] / (sqrtf(v[i]) * s->root_scale + s->epsilon);
	}
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

// Written with intrinsics because compilers do not vectorise sqrtf as long as it may set errno, and cgo
// refuses the flag that says it does not matter. Returns how many values it has done.
__attribute__((target("avx2,fma"))) static size_t avx2(float *p, const float *g, float *m, float *v, size_t n,
                                                       const mslora_adamw *s) {
	const __m256 beta1 = _mm256_set1_ps(s->beta1), rest1 = _mm256_set1_ps(1 - s->beta1);
	const __m256 beta2 = _mm256_set1_ps(s->beta2), rest2 = _mm256_set1_ps(1 - s->beta2);
	const __m256 step = _mm256_set1_ps(s->step), root_scale = _mm256_set1_ps(s->root_scale);
	const __m256 decay = _mm256_set1_ps(s->decay), epsilon = _mm256_set1_ps(s->epsilon);
	const __m256 gradient_scale = _mm256_set1_ps(s->gradient_scale);
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		__m256 gi = g ? _mm256_mul_ps(_mm256_loadu_ps(g + i), gradient_scale) : _mm256_setzero_ps();
		__m256 mi = _mm256_fmadd_ps(rest1, gi, _mm256_mul_ps(beta1, _mm256_loadu_ps(m + i)));
		__m256 vi = _mm256_fmadd_ps(rest2, _mm256_mul_ps(gi, gi), _mm256_mul_ps(beta2, _mm256_loadu_ps(v + i)));
		_mm256_storeu_ps(m + i, mi);
		_mm256_storeu_ps(v + i, vi);
		__m256 below = _mm256_fmadd_ps(_mm256_sqrt_ps(vi), root_scale, epsilon);
		__m256 change = _mm256_div_ps(_mm256_mul_ps(step, mi), below);
		_mm256_storeu_ps(p + i, _mm256_fmsub_ps(_mm256_loadu_ps(p + i), decay, change));
	}
	return i;
}

void mslora_adamw_update(float *p, const float *g, float *m, float *v, size_t n, const mslora_adamw *s) {
	size_t done = 0;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
		done = avx2(p, g, m, v, n, s);
	}
	scalar(p, g, m, v, done, n, s);
}
#else
void mslora_adamw_update(float *p, const float *g, float *m, float *v, size_t n, const mslora_adamw *s) {
	scalar(p, g, m, v, 0, n, s);
}
#endif
