package audit

import "mslora/cluster"

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
		own := make([][]float32, len(rows))
		for k, row := range rows {
			own[k] = vectors[row]
		}
		components, err := cluster.Components(own, 1)
		if err != nil {
			continue // no finite number: nothing can be said
		}
		for k, row := range rows {
			scores[row] = components[k][0] * components[k][0]
		}
	}
	return scores
}
