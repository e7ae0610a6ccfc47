#include <stddef.h>
#include <stdint.h>

// Attention of one head in one row of tokens. Vectors of tokens stand somewhere in memory, one place for each token.
typedef struct {
	size_t queries, keys, size;            // tokens, and floats of a head's vectors
	float scale;                           // of scores
	const float *const *query, *const *key, *const *value; // a vector for each token
	const float *bias;                     // [queries, keys] or, with a step of 0, [1, keys]: added to scores
	size_t bias_step;
	const uint8_t *keep;                   // [queries, keys], or NULL: what dropout keeps of probabilities
	float keep_scale;                      // what 1 of keep stands for
	const int32_t *first, *last;           // for each query: keys from first to before last have a probability; none: the query has no result
	const int32_t *biased;                 // for each query: whether there is a bias between first and last
} mslora_attention;

// Scratch memory that a head needs, in floats.
size_t mslora_attention_scratch(size_t queries, size_t keys, size_t size);


// Computes dropout(softmax(scale q k^T + bias)) v of each query, a vector of size floats, to result[query], and if there is memory for it the largest
// score and the inverse sum of exponentials of each query, two floats, which the gradient needs.
void mslora_attend(const mslora_attention *h, float *const *result, float *statistics, float *scratch);

// Computes the gradients by query, key and value, each to a vector for each token; where there is no place, nothing. gradient has that by the
// result, and result what mslora_attend has given, each a vector for each query. Of the lists of places each may be NULL.
void mslora_attend_gradient(const mslora_attention *h, const float *const *gradient, const float *const *result, const float *statistics,
                            float *const *by_query, float *const *by_key, float *const *by_value, float *scratch);
