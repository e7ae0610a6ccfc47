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

// Copies the vectors of tokens to rows, and to columns. What pads them is 0.
TARGET static void NAME(gather)(float *to, size_t step, const float *const *from, size_t tokens, size_t size) {
	for (size_t t = 0; t < tokens; t++, to += step) {
		size_t c = 0;
		for (; c + 16 <= size; c += 16) memcpy(to + c, from[t] + c, 16 * sizeof *to);
		for (; c < size; c++) to[c] = from[t][c];
		for (; c < step; c++) to[c] = 0;
	}
}

TARGET static void NAME(gather_columns)(float *to, size_t step, const float *const *from, size_t tokens, size_t size) {
	for (size_t t = 0; t < tokens; t++) {
		const float *v = from[t];
		for (size_t c = 0; c < size; c++) to[c * step + t] = v[c];
	}
}

// Whole registers of a query's row: those from begin to end have keys that it sees.
TARGET INLINE size_t NAME(begin)(const mslora_attention *h, size_t query) { return h->first[query] & ~(size_t)15; }
TARGET INLINE size_t NAME(end)(const mslora_attention *h, size_t query) { return PADDED(h->last[query]); }

// Sets a row to 0 from low to high, but for what stands from begin to end; all are multiples of 16.
TARGET INLINE void NAME(clear)(float *row, size_t low, size_t begin, size_t end, size_t high) {
	for (size_t i = low; i < begin; i += 16) memset(row + i, 0, 16 * sizeof *row);
	for (size_t i = end; i < high; i += 16) memset(row + i, 0, 16 * sizeof *row);
}

// What dropout keeps of a query's row, from begin to end. The last row has no memory behind it: it is copied to spare.
TARGET INLINE const uint8_t *NAME(kept)(const mslora_attention *h, size_t query, float *spare) {
	size_t begin = NAME(begin)(h, query), row = query * h->keys;
	if (row + NAME(end)(h, query) <= h->queries * h->keys) return h->keep + row + begin;
	return memcpy(spare, h->keep + row + begin, h->keys - begin);
}

// Makes probabilities of a query's scores, which are 0 from low to high where it sees no key. known has its statistics, if they are known.
TARGET static void NAME(softmax)(const mslora_attention *h, size_t query, float *scores, size_t low, size_t high, const float *known, float *statistics) {
	size_t first = h->first[query], last = h->last[query], begin = NAME(begin)(h, query), end = NAME(end)(h, query), n = end - begin;
	float *s = scores + begin, scale = h->scale;
	if (h->biased[query]) {
		const float *bias = h->bias + query * h->bias_step;
		INDEPENDENT for (size_t i = first; i < last; i++) scores[i] = scores[i] * scale + bias[i];
		scale = 1;
	}
	INDEPENDENT for (size_t i = 0; i < 16; i++) s[i] = begin + i < first ? -INFINITY : s[i];
	INDEPENDENT for (size_t i = end - 16; i < end; i++) scores[i] = i < last ? scores[i] : -INFINITY;
	float most;
	if (known) {
		most = known[0];
	} else {
		floats parts, now;
		memcpy(&parts, s, sizeof parts);
		for (size_t i = 16; i < n; i += 16) {
			memcpy(&now, s + i, sizeof now);
			keep_larger(&parts, &now);
		}
		now = FOLDED(parts, 8);
		keep_larger(&parts, &now);
		now = FOLDED(parts, 4);
		keep_larger(&parts, &now);
		now = FOLDED(parts, 2);
		keep_larger(&parts, &now);
		now = FOLDED(parts, 1);
		keep_larger(&parts, &now);
		most = parts[0] * scale;
	}
	INDEPENDENT for (size_t i = 0; i < n; i++) s[i] = exponential(s[i] * scale - most);
	float inverse = known ? known[1] : 1.0f / sum(s, n);
	INDEPENDENT for (size_t i = 0; i < n; i++) s[i] *= inverse;
	if (statistics) statistics[0] = most, statistics[1] = inverse;
	NAME(clear)(scores, low, begin, end, high);
}

// The keys that any of some queries sees: from low, a multiple of 16, to high.
TARGET static int NAME(seen)(const mslora_attention *h, size_t from, size_t until, size_t *low, size_t *high) {
	*low = h->keys, *high = 0;
	for (size_t i = from; i < until; i++) {
		if (h->first[i] >= h->last[i]) continue;
		if ((size_t)h->first[i] < *low) *low = h->first[i];
		if ((size_t)h->last[i] > *high) *high = h->last[i];
	}
	*low &= ~(size_t)15;
	return *high > 0;
}

TARGET static void NAME(attend)(const mslora_attention *h, float *const *result, float *statistics, float *scratch) {
	size_t keys = PADDED(h->keys), size = PADDED(h->size);
	float *key = scratch, *value = key + size * keys, *query = value + keys * size, *scores = query + GROUP * size, *spare = scores + GROUP * keys;
	NAME(gather_columns)(key, keys, h->key, h->keys, h->size);
	NAME(gather)(value, size, h->value, h->keys, h->size);
	for (size_t from = 0; from < h->queries; from += GROUP) {
		size_t until = from + GROUP < h->queries ? from + GROUP : h->queries, low, high;
		if (!NAME(seen)(h, from, until, &low, &high)) continue;
		NAME(gather)(query, size, h->query + from, until - from, h->size);
		NAME(product)(until - from, scores + low, keys, PADDED(high - low), query, size, 1, 0, h->size, key + low, keys, 0);
		for (size_t i = from; i < until; i++) {
			float *s = scores + (i - from) * keys;
			if (h->first[i] >= h->last[i]) {
				for (size_t j = low; j < high; j++) s[j] = 0;
				continue;
			}
			NAME(softmax)(h, i, s, low, high, NULL, statistics ? statistics + 2 * i : NULL);
			if (h->keep) {
				const uint8_t *keep = NAME(kept)(h, i, spare);
				size_t begin = NAME(begin)(h, i), n = NAME(end)(h, i) - begin;
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
	size_t begin = NAME(begin)(h, query), end = NAME(end)(h, query), n = end - begin;
	float *p = weight + begin, *c = change + begin;
	if (h->keep) {
		const uint8_t *keep = NAME(kept)(h, query, spare);
		float scale = h->keep_scale;
		INDEPENDENT for (size_t j = 0; j < n; j++) {
			float kept = (float)keep[j] * scale;
			c[j] = p[j] * (c[j] * kept - expected);
			p[j] *= kept;
		}
	} else {
		INDEPENDENT for (size_t j = 0; j < n; j++) c[j] = p[j] * (c[j] - expected);
	}
	NAME(clear)(change, low, begin, end, high);
}

TARGET static void NAME(attend_gradient)(const mslora_attention *h, const float *const *gradient, const float *const *result, const float *statistics,
                                         float *const *by_query, float *const *by_key, float *const *by_value, float *scratch) {
	size_t keys = PADDED(h->keys), size = PADDED(h->size);
	float *key = scratch, *key_columns = key + keys * size, *value_columns = key_columns + size * keys, *query = value_columns + size * keys;
	float *given = query + h->queries * size, *key_sums = given + h->queries * size, *value_sums = key_sums + keys * size;
	float *weights = value_sums + keys * size, *changes = weights + STRETCH * keys, *sums = changes + STRETCH * keys, *spare = sums + GROUP * size;
	NAME(gather)(key, size, h->key, h->keys, h->size);
	NAME(gather_columns)(key_columns, keys, h->key, h->keys, h->size);
	NAME(gather_columns)(value_columns, keys, h->value, h->keys, h->size);
	NAME(gather)(query, size, h->query, h->queries, h->size);
	NAME(gather)(given, size, gradient, h->queries, h->size);
	memset(key_sums, 0, 2 * keys * size * sizeof(float));
	for (size_t start = 0; start < h->queries; start += STRETCH) {
		size_t stop = start + STRETCH < h->queries ? start + STRETCH : h->queries, lowest, highest;
		if (!NAME(seen)(h, start, stop, &lowest, &highest)) continue;
		for (size_t from = start; from < stop; from += GROUP) {
			size_t until = from + GROUP < stop ? from + GROUP : stop, low, high;
			float *w = weights + (from - start) * keys, *c = changes + (from - start) * keys;
			int any = NAME(seen)(h, from, until, &low, &high);
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
	for (size_t k = 0; k < h->keys; k++) {
		if (by_value && by_value[k]) memcpy(by_value[k], value_sums + k * size, h->size * sizeof(float));
		if (!by_key || !by_key[k]) continue;
		INDEPENDENT for (size_t j = 0; j < h->size; j++) by_key[k][j] = key_sums[k * size + j] * h->scale;
	}
}

#undef BLOCK
