package gradalign

import (
	"fmt"
	"slices"
)

// Unite gives the gradients of an embedding table from two batches the same rows, as Align needs them. Each
// comes as some rows of the table, ascending and without repeats, with width values a row; all other rows are
// zero. The union of both sets of rows is returned with the values of each gradient there, zeros where it had
// no such row. Products and norms over these rows are those over the whole table.
//
// The inputs are not changed. It panics if rows are out of order or values do not fit them.
func Unite(width int, rows []int32, values []float32, auxRows []int32, auxValues []float32) (union []int32, g, c []float32) {
	union = make([]int32, 0, len(rows)+len(auxRows))
	union = append(append(union, rows...), auxRows...)
	slices.Sort(union)
	union = slices.Compact(union)
	return union, spread(width, union, rows, values), spread(width, union, auxRows, auxValues)
}

// spread puts the rows of a gradient to their places among the rows of union, which has all of them.
func spread(width int, union, rows []int32, values []float32) []float32 {
	if len(values) != width*len(rows) {
		panic(fmt.Sprintf("gradalign: %d values for %d rows of width %d", len(values), len(rows), width))
	}
	all := make([]float32, width*len(union))
	next := 0
	for place, row := range union {
		if next < len(rows) && rows[next] == row {
			copy(all[place*width:(place+1)*width], values[next*width:(next+1)*width])
			next++
		}
	}
	if next != len(rows) {
		panic("gradalign: the rows of a gradient are not in ascending order")
	}
	return all
}
