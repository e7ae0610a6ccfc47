package cluster

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"mslora/internal/hint"
)

// Components projects points [n][d] on their first principal components: scores [n][count], by falling variance. As in scikit-learn,
// the sign of a component is such that the largest of its d entries, by size, is positive.
func Components(points [][]float32, count int) ([][]float64, error) {
	n := len(points)
	if n == 0 {
		return nil, fmt.Errorf("there are no vectors")
	}
	d := len(points[0])
	if count > min(n, d) {
		return nil, hint.New("ask for fewer components, or give more texts", "%d vectors of %d numbers have no %d principal components", n, d, count)
	}
	centred := centre(points)
	var covariance mat.SymDense
	covariance.SymOuterK(1, centred.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fmt.Errorf("the principal components of %d vectors cannot be computed", n)
	}
	var vectors mat.Dense // columns by rising eigenvalue
	eigen.VectorsTo(&vectors)
	axes := mat.NewDense(d, count, nil)
	for c := range count {
		axis := mat.Col(nil, d-1-c, &vectors)
		largest := 0.0
		for _, v := range axis {
			if math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		for i, v := range axis {
			axes.Set(i, c, math.Copysign(1, largest)*v)
		}
	}
	var scores mat.Dense
	scores.Mul(centred, axes)
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = scores.RawRowView(i)
	}
	return rows, nil
}

// centre takes the mean of all points from each.
func centre(points [][]float32) *mat.Dense {
	n, d := len(points), len(points[0])
	mean := make([]float64, d)
	for _, p := range points {
		for j, v := range p {
			mean[j] += float64(v) / float64(n)
		}
	}
	centred := mat.NewDense(n, d, nil)
	for i, p := range points {
		row := centred.RawRowView(i)
		for j, v := range p {
			row[j] = float64(v) - mean[j]
		}
	}
	return centred
}
