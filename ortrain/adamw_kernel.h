#include <stddef.h>

// Everything one AdamW update needs besides the arrays. Bias corrections are folded into step and
// root_scale by the caller.
typedef struct {
	float beta1, beta2;
	float step;       // learning rate / (1 - beta1^t)
	float root_scale; // 1 / sqrt(1 - beta2^t)
	float decay;      // 1 - learning rate * weight decay
	float epsilon;
	float gradient_scale; // clipping factor
} mslora_adamw;

// Updates n parameters in place. g may be NULL: a gradient of zero.
void mslora_adamw_update(float *p, const float *g, float *m, float *v, size_t n, const mslora_adamw *s);
