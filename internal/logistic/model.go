package logistic

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// Model gives the log-odds of a row: weights · row + intercept.
type Model struct {
	Weights   []float64 // one for each column
	Intercept float64
}

// Problem is what a model is fitted to. It minimises
//
//	½ |w|² + Strength · Σ_i Weight_i · (log(1 + exp(z_i)) − Target_i · z_i),  z_i = w · row_i + b + Offset_i
//
// over w and b. The intercept b is not penalised. Strength is scikit-learn's C.
type Problem struct {
	Rows     *Matrix
	Chosen   []int     // rows that count, nil: all
	Target   []float64 // of each row of Rows, from 0 to 1
	Weight   []float64 // of each row of Rows, 0 or more; nil: all 1
	Offset   []float64 // of each row of Rows, added to its log-odds; nil: all 0
	Strength float64
}

// iterations bounds the steps of L-BFGS: a text classifier's ranking does not change after a few dozen.
const iterations = 100

// memory is how many steps L-BFGS remembers. A pass over the rows costs far more than it does, and 30 need half the passes that 8 need.
const memory = 30

// Fit finds the model. start, which may be nil, is where the search begins: that of a problem alike saves steps.
func Fit(p Problem, start *Model) (*Model, error) {
	if p.Chosen == nil {
		p.Chosen = make([]int, p.Rows.Rows())
		for i := range p.Chosen {
			p.Chosen[i] = i
		}
	}
	if len(p.Chosen) == 0 {
		return nil, errors.New("logistic regression: no rows")
	}
	x := make([]float64, p.Rows.Width+1)
	if start != nil {
		copy(x, start.Weights)
		x[p.Rows.Width] = start.Intercept
	}
	c := &cost{Problem: p}
	result, err := optimize.Minimize(optimize.Problem{Func: c.value, Grad: c.gradient}, x,
		&optimize.Settings{MajorIterations: iterations, GradientThreshold: 1e-4 * math.Sqrt(float64(len(p.Chosen))) * p.Strength}, &optimize.LBFGS{Store: memory})
	if result == nil || !finite(result.X) {
		return nil, fmt.Errorf("logistic regression: %w", err)
	}
	// An error beside a result says that no step leads further down: with float32 values that is the minimum.
	return &Model{Weights: result.X[:p.Rows.Width], Intercept: result.X[p.Rows.Width]}, nil
}

// LogOdds are those of a row of rows.
func (m *Model) LogOdds(rows *Matrix, i int) float64 { return dot(m.Weights, rows, i) + m.Intercept }

// Probability is 1 / (1 + exp(−z)) of log-odds z.
func Probability(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func finite(values []float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func dot(weights []float64, rows *Matrix, i int) float64 {
	sum, rest := 0.0, weights[rows.DenseWidth:]
	columns, values := rows.Row(i)
	for k, column := range columns {
		sum += rest[column] * float64(values[k])
	}
	return floats.Dot(weights[:rows.DenseWidth], rows.denseRow(i)) + rows.Scale*sum
}

// cost is the sum to be minimised, with its gradient: both are taken in one pass over the rows, as the search asks for both at every place.
type cost struct {
	Problem
	at    []float64 // where both were taken
	loss  float64
	slope []float64
}

func (c *cost) value(x []float64) float64 {
	c.look(x)
	return c.loss
}

func (c *cost) gradient(gradient, x []float64) {
	c.look(x)
	copy(gradient, c.slope)
}

func (c *cost) look(x []float64) {
	if c.at == nil {
		c.at, c.slope = make([]float64, len(x)), make([]float64, len(x))
	} else if slices.Equal(c.at, x) {
		return
	}
	copy(c.at, x)
	copy(c.slope, x)
	bias := c.Rows.Width
	c.slope[bias] = 0
	c.loss = floats.Dot(x[:bias], x[:bias]) / 2
	dense, rest := c.slope[:c.Rows.DenseWidth], c.slope[c.Rows.DenseWidth:]
	for _, i := range c.Chosen {
		z, weight := dot(x, c.Rows, i)+x[bias], c.Strength
		if c.Offset != nil {
			z += c.Offset[i]
		}
		if c.Weight != nil {
			weight *= c.Weight[i]
		}
		e := math.Exp(-math.Abs(z)) // does not overflow
		probability := 1 / (1 + e)
		if z < 0 {
			probability *= e
		}
		c.loss += weight * (max(z, 0) + math.Log1p(e) - c.Target[i]*z)
		wrong := weight * (probability - c.Target[i])
		c.slope[bias] += wrong
		floats.AddScaled(dense, wrong, c.Rows.denseRow(i))
		columns, values := c.Rows.Row(i)
		wrong *= c.Rows.Scale
		for k, column := range columns {
			rest[column] += wrong * float64(values[k])
		}
	}
}
