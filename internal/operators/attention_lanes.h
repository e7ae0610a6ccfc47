// Attention for registers of one width. It is included once for each, with LANES, the type lanes, multiply_add, TARGET and NAME. Every value
// is computed in the same order at each width: sums over tokens or columns one after the other, by multiply-add.

#define BLOCK (LANES == 16 ? 8 : 4) // rows of a product whose sums fit into registers, with two registers a row

TARGET INLINE void NAME(block)(const int rows, const int wide, float *to, size_t to_step, const float *left, size_t row_step, size_t step,
                               size_t from, size_t until, const float *right, size_t right_step, int add) {
	lanes sums[8][2];
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (int v = 0; v < wide; v++) {
			if (add) {
				memcpy(&sums[r][v], to + r * to_step + v * LANES, sizeof(lanes));
			} else {
				sums[r][v] = (lanes){0};
			}
		}
	}
	for (size_t j = from; j < until; j++) {
		lanes b[2];
#pragma GCC unroll 2
		for (int v = 0; v < wide; v++) memcpy(&b[v], right + j * right_step + v * LANES, sizeof(lanes));
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) {
			lanes a = left[r * row_step + j * step] - (lanes){0}; // in each lane
#pragma GCC unroll 2
			for (int v = 0; v < wide; v++) sums[r][v] = multiply_add(a, b[v], sums[r][v]);
		}
	}
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (int v = 0; v < wide; v++) memcpy(to + r * to_step + v * LANES, &sums[r][v], sizeof(lanes));
	}
}

TARGET INLINE void NAME(columns)(const int rows, float *to, size_t to_step, size_t width, const float *left, size_t row_step, size_t step,
                                 size_t from, size_t until, const float *right, size_t right_step, int add) {
	size_t c = 0;
	for (; c + 2 * LANES <= width; c += 2 * LANES) NAME(block)(rows, 2, to + c, to_step, left, row_step, step, from, until, right + c, right_step, add);
	for (; c < width; c += LANES) NAME(block)(rows, 1, to + c, to_step, left, row_step, step, from, until, right + c, right_step, add);
}

// to[r][c] = sum over j, from <= j < until, of left[r * row_step + j * step] * right[j * right_step + c], or that is added to it: at most GROUP rows,
// and a width that is a multiple of 16.
TARGET static void NAME(product)(size_t rows, float *to, size_t to_step, size_t width, const float *left, size_t row_step, size_t step,
                                 size_t from, size_t until, const float *right, size_t right_step, int add) {
#define PART(count)                                                                                                        \
	for (; rows >= count; rows -= count, to += count * to_step, left += count * row_step)                                  \
		NAME(columns)(count, to, to_step, width, left, row_step, step, from, until, right, right_step, add)
	if (BLOCK == 8) PART(8);
	PART(4);
	PART(2);
	PART(1);
#undef PART
}

// Makes probabilities of a query's scores, which are 0 from low to high where it sees no key. known has its statistics, if they are known.
TARGET static void NAME(softmax)(const mslora_attention *h, size_t query, float *scores, size_t low, size_t high, const float *known, float *statistics) {
	size_t first = h->first[query], last = h->last[query], begin = row_begin(h, query), end = row_end(h, query), n = end - begin;
	float *s = scores + begin, scale = h->scale;
	if (h->biased[query]) {
		const float *bias = h->bias + query * h->bias_step;
		INDEPENDENT for (size_t i = first; i < last; i++) scores[i] = scores[i] * scale + bias[i];
		scale = 1;
	}
	INDEPENDENT for (size_t i = 0; i < 16; i++) s[i] = begin + i < first ? -INFINITY : s[i];
	INDEPENDENT for (size_t i = end - 16; i < end; i++) scores[i] = i < last ? scores[i] : -INFINITY;
	float most = known ? known[0] : maximum(s, n) * scale;
	INDEPENDENT for (size_t i = 0; i < n; i++) s[i] = exponential(s[i] * scale - most);
	float inverse = known ? known[1] : 1.0f / sum(s, n);
	INDEPENDENT for (size_t i = 0; i < n; i++) s[i] *= inverse;
	if (statistics) statistics[0] = most, statistics[1] = inverse;
	clear_row(scores, low, begin, end, high);
}

TARGET static void NAME(attend)(const mslora_attention *h, float *const *result, float *statistics, float *scratch) {
	size_t seen, lowest;
	if (!keys_seen(h, 0, h->queries, &lowest, &seen)) return;
	size_t keys = PADDED(seen), size = PADDED(h->size);
	float *key = scratch, *value = key + size * keys, *query = value + keys * size, *scores = query + GROUP * size, *spare = scores + GROUP * keys;
	gather_columns(key, keys, h->key, seen, h->size);
	gather_rows(value, size, h->value, seen, h->size);
	for (size_t from = 0; from < h->queries; from += GROUP) {
		size_t until = from + GROUP < h->queries ? from + GROUP : h->queries, low, high;
		if (!keys_seen(h, from, until, &low, &high)) continue;
		gather_rows(query, size, h->query + from, until - from, h->size);
		NAME(product)(until - from, scores + low, keys, PADDED(high - low), query, size, 1, 0, h->size, key + low, keys, 0);
		for (size_t i = from; i < until; i++) {
			float *s = scores + (i - from) * keys;
			if (h->first[i] >= h->last[i]) {
				for (size_t j = low; j < high; j++) s[j] = 0;
				continue;
			}
			NAME(softmax)(h, i, s, low, high, NULL, statistics ? statistics + 2 * i : NULL);
			if (h->keep) {
				const uint8_t *keep = kept_row(h, i, spare);
				size_t begin = row_begin(h, i), n = row_end(h, i) - begin;
				float scale = h->keep_scale, *seen = s + begin;
				INDEPENDENT for (size_t j = 0; j < n; j++) seen[j] *= (float)keep[j] * scale;
			}
		}
		NAME(product)(until - from, query, size, size, scores, keys, 1, low, high, value, size, 0);
		for (size_t i = from; i < until; i++) {
			if (h->first[i] < h->last[i]) memcpy(result[i], query + (i - from) * size, h->size * sizeof(float));
		}
	}
}

// Gradients by the vectors of keys or values of a stretch of keys: the queries from `from` on have weights, a row each.
TARGET static void NAME(by_keys)(const mslora_attention *h, float *to, size_t size, size_t low, size_t high, const float *weights, size_t step,
                                 size_t from, size_t until, const float *right) {
	for (size_t k = low; k < high; k += GROUP) {
		size_t end = k + GROUP < high ? k + GROUP : high, begin = until, stop = from;
		for (size_t i = from; i < until; i++) {
			if ((size_t)h->first[i] >= end || (size_t)h->last[i] <= k || h->first[i] >= h->last[i]) continue;
			if (begin == until) begin = i;
			stop = i + 1;
		}
		if (begin >= stop) continue;
		NAME(product)(end - k, to + k * size, size, size, weights + k, 1, step, begin - from, stop - from, right + from * size, size, 1);
	}
}

// Makes of a query's scores what it weighs values with, and of the gradient by these weights, in change, that by scores. Both are 0 from low to high
// where the query sees no key. given is the gradient by the query's result.
TARGET static void NAME(by_scores)(const mslora_attention *h, size_t query, float *weight, float *change, size_t low, size_t high, const float *given,
                                   const float *result, const float *statistics, float *spare) {
	NAME(softmax)(h, query, weight, low, high, statistics, NULL);
	INDEPENDENT for (size_t j = 0; j < h->size; j++) spare[j] = given[j] * result[j];
	float expected = sum(spare, h->size); // of the gradients by weights
	size_t begin = row_begin(h, query), end = row_end(h, query), n = end - begin;
	float *p = weight + begin, *c = change + begin;
	if (h->keep) {
		const uint8_t *keep = kept_row(h, query, spare);
		float scale = h->keep_scale;
		INDEPENDENT for (size_t j = 0; j < n; j++) {
			float kept = (float)keep[j] * scale;
			c[j] = p[j] * (c[j] * kept - expected);
			p[j] *= kept;
		}
	} else {
		INDEPENDENT for (size_t j = 0; j < n; j++) c[j] = p[j] * (c[j] - expected);
	}
	clear_row(change, low, begin, end, high);
}

TARGET static void NAME(attend_gradient)(const mslora_attention *h, const float *const *gradient, const float *const *result, const float *statistics,
                                         float *const *by_query, float *const *by_key, float *const *by_value, float *scratch) {
	size_t lowest_seen, seen, asking = h->queries;
	if (!keys_seen(h, 0, h->queries, &lowest_seen, &seen)) seen = 0;
	while (asking > 0 && h->first[asking - 1] >= h->last[asking - 1]) asking--;
	size_t keys = PADDED(seen), size = PADDED(h->size);
	float *key = scratch, *key_columns = key + keys * size, *value_columns = key_columns + size * keys, *query = value_columns + size * keys;
	float *given = query + asking * size, *key_sums = given + asking * size, *value_sums = key_sums + keys * size;
	float *weights = value_sums + keys * size, *changes = weights + STRETCH * keys, *sums = changes + STRETCH * keys, *spare = sums + GROUP * size;
	gather_rows(key, size, h->key, seen, h->size);
	gather_columns(key_columns, keys, h->key, seen, h->size);
	gather_columns(value_columns, keys, h->value, seen, h->size);
	gather_rows(query, size, h->query, asking, h->size);
	gather_rows(given, size, gradient, asking, h->size);
	memset(key_sums, 0, 2 * keys * size * sizeof(float));
	for (size_t start = 0; start < asking; start += STRETCH) {
		size_t stop = start + STRETCH < asking ? start + STRETCH : asking, lowest, highest;
		if (!keys_seen(h, start, stop, &lowest, &highest)) continue;
		for (size_t from = start; from < stop; from += GROUP) {
			size_t until = from + GROUP < stop ? from + GROUP : stop, low, high;
			float *w = weights + (from - start) * keys, *c = changes + (from - start) * keys;
			int any = keys_seen(h, from, until, &low, &high);
			if (any) {
				NAME(product)(until - from, w + low, keys, PADDED(high - low), query + from * size, size, 1, 0, h->size, key_columns + low, keys, 0);
				NAME(product)(until - from, c + low, keys, PADDED(high - low), given + from * size, size, 1, 0, h->size, value_columns + low, keys, 0);
			}
			for (size_t i = from; i < until; i++, w += keys, c += keys) {
				if (h->first[i] >= h->last[i]) {
					memset(w + lowest, 0, (highest - lowest) * sizeof(float));
					memset(c + lowest, 0, (highest - lowest) * sizeof(float));
					continue;
				}
				NAME(by_scores)(h, i, w, c, lowest, highest, given + i * size, result[i], statistics + 2 * i, spare);
			}
			if (!any || !by_query) continue;
			NAME(product)(until - from, sums, size, size, changes + (from - start) * keys, keys, 1, low, high, key, size, 0);
			for (size_t i = from; i < until; i++) {
				if (!by_query[i]) continue;
				const float *own = sums + (i - from) * size;
				INDEPENDENT for (size_t j = 0; j < h->size; j++) by_query[i][j] = own[j] * h->scale;
			}
		}
		if (by_value) NAME(by_keys)(h, value_sums, size, lowest, highest, weights, keys, start, stop, given);
		if (by_key) NAME(by_keys)(h, key_sums, size, lowest, highest, changes, keys, start, stop, query);
	}
	for (size_t i = 0; i < h->queries && by_query; i++) {
		if (by_query[i] && h->first[i] >= h->last[i]) memset(by_query[i], 0, h->size * sizeof(float));
	}
	for (size_t k = seen; k < h->keys; k++) {
		if (by_value && by_value[k]) memset(by_value[k], 0, h->size * sizeof(float));
		if (by_key && by_key[k]) memset(by_key[k], 0, h->size * sizeof(float));
	}
	for (size_t k = 0; k < seen; k++) {
		if (by_value && by_value[k]) memcpy(by_value[k], value_sums + k * size, h->size * sizeof(float));
		if (!by_key || !by_key[k]) continue;
		INDEPENDENT for (size_t j = 0; j < h->size; j++) by_key[k][j] = key_sums[k * size + j] * h->scale;
	}
}

#undef BLOCK
