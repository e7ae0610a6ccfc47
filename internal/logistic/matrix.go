package logistic

import "math"

// Matrix holds rows of numbers. Its first columns are dense, each row has values there. Of the columns after them most values are zero:
// row i has those in the columns DenseWidth + Columns[k], of Scale · Values[k], for k from Starts[i] to Starts[i+1], in any order, each once.
type Matrix struct {
	Width      int       // number of columns, the dense ones and the others
	DenseWidth int       // of them dense
	Dense      []float64 // [rows, DenseWidth]
	Starts     []int
	Columns    []int32
	Values     []float32
	Scale      float64
}

// NewMatrix makes a matrix without rows and without dense columns.
func NewMatrix(width int) *Matrix { return &Matrix{Width: width, Starts: []int{0}, Scale: 1} }

// NewDense makes a matrix without rows, all columns of which are dense.
func NewDense(width int) *Matrix {
	return &Matrix{Width: width, DenseWidth: width, Starts: []int{0}, Scale: 1}
}

// Beside gives the rows of a dense matrix with those of one without dense columns, times scale, after them. It shares the values of both.
func Beside(dense, other *Matrix, scale float64) *Matrix {
	m := *other
	m.Width, m.DenseWidth, m.Dense, m.Scale = dense.Width+other.Width, dense.Width, dense.Dense, scale*other.Scale
	return &m
}

// Rows is the number of rows.
func (m *Matrix) Rows() int { return len(m.Starts) - 1 }

// Row gives the columns after the dense ones, counted from there, and the values of a row, before Scale.
func (m *Matrix) Row(i int) (columns []int32, values []float32) {
	return m.Columns[m.Starts[i]:m.Starts[i+1]], m.Values[m.Starts[i]:m.Starts[i+1]]
}

func (m *Matrix) denseRow(i int) []float64 { return m.Dense[i*m.DenseWidth:][:m.DenseWidth] }

// Add appends a row to a matrix without dense columns.
func (m *Matrix) Add(columns []int32, values []float32) {
	m.Columns, m.Values = append(m.Columns, columns...), append(m.Values, values...)
	m.Starts = append(m.Starts, len(m.Columns))
}

// AddDense appends a row to a matrix all columns of which are dense.
func (m *Matrix) AddDense(values []float64) {
	m.Dense = append(m.Dense, values...)
	m.Starts = append(m.Starts, len(m.Columns))
}

// Unit divides each row of a matrix without dense columns by its Euclidean length; a row of zeros stays.
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
