package lora

import "fmt"

// MergeLoRA gives W + scale B A for W [out, in], A [rank, in] and B [out, rank], row-major; W is not
// changed. Sums are in float64. It panics if a length does not fit.
func MergeLoRA(w, a, b []float32, out, in, rank int, scale float32) []float32 {
	factors := make([]float64, len(b))
	for i, value := range b {
		factors[i] = float64(scale) * float64(value)
	}
	return addProduct(w, factors, a, out, in, rank)
}

// MergeMultiScale gives W + scale R diag(s) L for W [out, in], L [k, in], R [out, k] and s [k], row-major;
// W is not changed. Sums are in float64. It panics if a length does not fit.
func MergeMultiScale(w, l, r, s []float32, out, in int, scale float32) []float32 {
	k := len(s)
	factors := make([]float64, len(r))
	for i, value := range r {
		factors[i] = float64(scale) * float64(s[i%k]) * float64(value)
	}
	return addProduct(w, factors, l, out, in, k)
}

// addProduct gives W + F M for W [out, in], F [out, rank] and M [rank, in].
func addProduct(w []float32, factors []float64, matrix []float32, out, in, rank int) []float32 {
	if len(w) != out*in || len(factors) != out*rank || len(matrix) != rank*in {
		panic(fmt.Sprintf("lora: cannot add [%d] x [%d] to [%d] as %d x %d of rank %d",
			len(factors), len(matrix), len(w), out, in, rank))
	}
	wide := make([]float64, len(matrix)) // convert once, not once per row of W
	for i, value := range matrix {
		wide[i] = float64(value)
	}
	merged := make([]float32, len(w))
	sum := make([]float64, in)
	for row := range out {
		for i, value := range w[row*in : (row+1)*in] {
			sum[i] = float64(value)
		}
		rowFactors := factors[row*rank : (row+1)*rank]
		j := 0
		for ; j+4 <= rank; j += 4 { // four at a time: a quarter of the loads and stores of sum
			f0, f1, f2, f3 := rowFactors[j], rowFactors[j+1], rowFactors[j+2], rowFactors[j+3]
			m0, m1 := wide[j*in:(j+1)*in], wide[(j+1)*in:(j+2)*in]
			m2, m3 := wide[(j+2)*in:(j+3)*in], wide[(j+3)*in:(j+4)*in]
			m0, m1, m2, m3 = m0[:len(sum)], m1[:len(sum)], m2[:len(sum)], m3[:len(sum)]
			for i := range sum {
				sum[i] += f0*m0[i] + f1*m1[i] + (f2*m2[i] + f3*m3[i])
			}
		}
		for ; j < rank; j++ {
			f, m := rowFactors[j], wide[j*in:(j+1)*in]
			m = m[:len(sum)]
			for i := range sum {
				sum[i] += f * m[i]
			}
		}
		target := merged[row*in : (row+1)*in]
		for i, value := range sum {
			target[i] = float32(value)
		}
	}
	return merged
}
