package logistic

import "math"

// Matrix holds rows of numbers of which most are zero: of row i those at Columns[Starts[i]:Starts[i+1]], with the values at
// the same places. Columns of a row are in any order, each once.
type Matrix struct {
	Width   int // number of columns
	Starts  []int
	Columns []int32
	Values  []float32
}

// NewMatrix makes a matrix without rows.
func NewMatrix(width int) *Matrix { return &Matrix{Width: width, Starts: []int{0}} }

// Rows is the number of rows.
func (m *Matrix) Rows() int { return len(m.Starts) - 1 }

// Row gives the columns and the values of a row.
func (m *Matrix) Row(i int) (columns []int32, values []float32) {
	return m.Columns[m.Starts[i]:m.Starts[i+1]], m.Values[m.Starts[i]:m.Starts[i+1]]
}

// Add appends a row.
func (m *Matrix) Add(columns []int32, values []float32) {
	m.Columns, m.Values = append(m.Columns, columns...), append(m.Values, values...)
	m.Starts = append(m.Starts, len(m.Columns))
}

// AddDense appends a row that has a value in every column.
func (m *Matrix) AddDense(values []float32) {
	for column := range values {
		m.Columns = append(m.Columns, int32(column))
	}
	m.Values = append(m.Values, values...)
	m.Starts = append(m.Starts, len(m.Columns))
}

// Unit divides each row by its Euclidean length; a row of zeros stays.
func (m *Matrix) Unit() {
	for i := range m.Rows() {
		_, values := m.Row(i)
		sum := 0.0
		for _, v := range values {
			sum += float64(v) * float64(v)
		}
		if sum == 0 {
			continue
		}
		for k := range values {
			values[k] = float32(float64(values[k]) / math.Sqrt(sum))
		}
	}
}
