package audit

import "gonum.org/v1/gonum/mat"

// SpectralSignatures gives the outlier scores of Tran et al. 2018, "Spectral Signatures in Backdoor Attacks": the
// square of a vector's component, about the mean of its class, along the direction of that class's largest variance.
// vectors are [texts][d], here the vanilla model's [CLS] vectors. It is a baseline to compare an audit with.
func SpectralSignatures(vectors [][]float32, labels []int, classes int) []float64 {
	scores := make([]float64, len(vectors))
	for class := range classes {
		var rows []int
		for i, label := range labels {
			if label == class {
				rows = append(rows, i)
			}
		}
		if len(rows) == 0 {
			continue
		}
		d := len(vectors[rows[0]])
		centred := mat.NewDense(len(rows), d, nil)
		for column := range d {
			mean := 0.0
			for _, row := range rows {
				mean += float64(vectors[row][column]) / float64(len(rows))
			}
			for k, row := range rows {
				centred.Set(k, column, float64(vectors[row][column])-mean)
			}
		}
		var covariance mat.SymDense
		covariance.SymOuterK(1, centred.T())
		var eigen mat.EigenSym
		if !eigen.Factorize(&covariance, true) {
			continue // no finite number: nothing can be said
		}
		var basis mat.Dense
		eigen.VectorsTo(&basis)
		var projection mat.VecDense
		projection.MulVec(centred, basis.ColView(d-1)) // eigenvalues ascend
		for k, row := range rows {
			scores[row] = projection.AtVec(k) * projection.AtVec(k)
		}
	}
	return scores
}
