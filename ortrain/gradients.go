package ortrain

import (
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/parallel"
)

// Gradients of one batch. Values[i] is the gradient of parameter i; for an embedding table only the rows
// listed in Rows[i] (ascending).
type Gradients struct {
	Loss   float64
	Values [][]float32
	Rows   [][]int32
}

// gradientBuffer receives the gradients of one batch, part by part.
type gradientBuffer struct {
	parameters []*Parameter
	threads    int // to add parts up with
	sum        outputSet
	part       *outputSet // what parts after the first are written to; nil until a batch has several
	parts      int        // of this batch so far
	gradients  Gradients

	// The gradient at the sum of the embeddings, [T, width], and what stood there, over all parts; width is the
	// hidden size, or 0 if the graph has no such output.
	width            int
	embedding        []float32
	words, positions []int64
}

// outputSet is memory for the loss and for the gradient of each parameter that has an output. Preallocated
// outputs are several times cheaper than letting ONNX Runtime allocate them on each run.
type outputSet struct {
	loss   []float32
	values [][]float32 // by parameter, nil for a table
	bound  []ort.Value // loss, then the values that are not nil
}

func newGradientBuffer(parameters []*Parameter, width, threads int) (*gradientBuffer, error) {
	g := &gradientBuffer{parameters: parameters, threads: threads}
	g.gradients.Values = make([][]float32, len(parameters))
	g.gradients.Rows = make([][]int32, len(parameters))
	if slices.ContainsFunc(parameters, func(p *Parameter) bool { return p.Table != "" }) {
		g.width = width
	}
	if err := g.sum.allocate(parameters); err != nil {
		g.destroy()
		return nil, err
	}
	return g, nil
}

func (o *outputSet) allocate(parameters []*Parameter) error {
	o.loss = make([]float32, 1)
	o.values = make([][]float32, len(parameters))
	loss, err := newTensor(o.loss, 1)
	if err != nil {
		return err
	}
	o.bound = append(o.bound, loss)
	for i, p := range parameters {
		if p.Table != "" {
			continue
		}
		o.values[i] = make([]float32, len(p.Data))
		value, err := newTensor(o.values[i], p.Shape...)
		if err != nil {
			return err
		}
		o.bound = append(o.bound, value)
	}
	return nil
}

func (o *outputSet) destroy() {
	for _, value := range o.bound {
		release(value)
	}
}

// begin forgets the batch before.
func (g *gradientBuffer) begin() {
	g.parts = 0
	g.embedding, g.words, g.positions = g.embedding[:0], g.words[:0], g.positions[:0]
}

// outputs are the values that the run of the next part writes to, in the order of outputNames.
func (g *gradientBuffer) outputs(b *Batch) (outputs []ort.Value, embedding ort.Value, err error) {
	set := &g.sum
	if g.parts > 0 {
		if g.part == nil {
			g.part = &outputSet{}
			if err := g.part.allocate(g.parameters); err != nil {
				return nil, nil, err
			}
		}
		set = g.part
	}
	if g.width == 0 {
		return set.bound, nil, nil
	}
	begin := len(g.embedding)
	g.embedding = slices.Grow(g.embedding, b.Tokens*g.width)[:begin+b.Tokens*g.width]
	g.words, g.positions = append(g.words, b.InputIDs...), append(g.positions, b.PositionIDs...)
	embedding, err = newTensor(g.embedding[begin:], int64(b.Tokens), int64(g.width))
	if err != nil {
		return nil, nil, err
	}
	return append(set.bound[:len(set.bound):len(set.bound)], embedding), embedding, nil
}

// add adds what a run has written to the sum over parts.
func (g *gradientBuffer) add() {
	if g.parts++; g.parts == 1 {
		return // it was written there
	}
	g.sum.loss[0] += g.part.loss[0]
	parallel.For(g.threads, len(g.parameters), func(i int) {
		sum := g.sum.values[i]
		for j, v := range g.part.values[i] {
			sum[j] += v
		}
	})
}

// collect turns what the runs wrote into gradients.
func (g *gradientBuffer) collect() *Gradients {
	g.gradients.Loss = max(float64(g.sum.loss[0]), 0) // the graph's mean of zeros is -0; not-a-number stays
	for i, p := range g.parameters {
		if p.Table != "" {
			g.gradients.Rows[i], g.gradients.Values[i] = embeddingRows(g.tableIndex(p), g.embedding, g.width)
		} else {
			g.gradients.Values[i] = g.sum.values[i]
		}
	}
	return &g.gradients
}

// tableIndex says which row of an embedding table each token used.
func (g *gradientBuffer) tableIndex(table *Parameter) []int64 {
	switch table.Table {
	case graphs.WordTable:
		return g.words
	case graphs.PositionTable:
		rows := slices.Clone(g.positions)
		for i := range rows {
			rows[i] += table.offset
		}
		return rows
	default: // segments: a single text is segment 0 throughout
		return make([]int64, len(g.words))
	}
}

// embeddingRows adds up a gradient dE [T, width] at the sum of the embeddings into the rows of one table:
// row index[t] receives dE[t]. Tokens are added in their order, so the result is the same on every run.
func embeddingRows(index []int64, gradient []float32, width int) (rows []int32, values []float32) {
	rows = make([]int32, len(index))
	for t, row := range index {
		rows[t] = int32(row)
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	values = make([]float32, len(rows)*width)
	for t, row := range index {
		slot, _ := slices.BinarySearch(rows, int32(row))
		sum := values[slot*width : (slot+1)*width]
		for i, g := range gradient[t*width : (t+1)*width] {
			sum[i] += g
		}
	}
	return rows, values
}

// negate turns the gradients around.
func (g *Gradients) negate(threads int) {
	parallel.For(threads, len(g.Values), func(i int) {
		for j, v := range g.Values[i] {
			g.Values[i][j] = -v
		}
	})
}

// outputNames are the graph outputs that training needs; the logits are not among them.
func outputNames(parameters []*Parameter) []string {
	names := []string{"loss"}
	tables := false
	for _, p := range parameters {
		if p.Table != "" {
			tables = true
			continue
		}
		names = append(names, p.gradient)
	}
	if tables {
		names = append(names, embeddingGradient)
	}
	return names
}

const embeddingGradient = "grad.embeddings"

// destroy frees the outputs, if there are any.
func (g *gradientBuffer) destroy() {
	if g == nil {
		return
	}
	g.sum.destroy()
	if g.part != nil {
		g.part.destroy()
	}
}
