package graphs

import (
	"math"
	"slices"
	"strings"

	"mslora/internal/rows"
)

// rowProgram is a region as one node.
type rowProgram struct {
	r       *regions
	at      *region
	node    operation
	types   []tensorType // of the node's outputs
	program rows.Program
	values  map[string]rows.Operand // of tensors
	rounds  bool                    // the first output is uint8

	computed map[string]bool // tensors that an earlier node's instructions gave, too
}

// compile writes a region's program; nil if it cannot be one.
func (r *regions) compile(at *region) *rowProgram {
	c := &rowProgram{r: r, at: at, values: map[string]rows.Operand{}, computed: map[string]bool{}}
	inside := map[string]int{}
	for _, n := range at.nodes {
		for _, input := range r.nodes[n].inputs {
			inside[input]++
		}
	}
	for _, n := range at.nodes {
		node := r.nodes[n]
		for _, output := range node.outputs {
			if output == "" || r.reads[output] == inside[output] {
				continue
			}
			t := r.in.types[output]
			if t.sizes == nil {
				return nil
			}
			if node.operator == "QuantizeLinear" {
				c.rounds = true
				c.node.outputs = slices.Insert(c.node.outputs, 0, output)
				c.types = slices.Insert(c.types, 0, t)
				continue
			}
			c.node.outputs, c.types = append(c.node.outputs, output), append(c.types, t)
		}
	}
	if len(c.node.outputs) == 0 || c.rounds && len(c.node.outputs) == 1 {
		return nil
	}
	for i, output := range c.node.outputs {
		c.values[output] = rows.Operand{Kind: rows.Output, Index: i}
	}
	for _, n := range at.nodes {
		c.translate(r.nodes[n])
	}
	// The sizes of outputs are those of an input.
	reference := slices.IndexFunc(c.node.inputs, func(input string) bool {
		sizes := r.in.types[input].sizes
		return len(sizes) > 1 && strings.Join(sizes[:len(sizes)-1], " ") == at.lead && sizes[len(sizes)-1] == at.width
	})
	if reference < 0 {
		return nil
	}
	for _, t := range c.types {
		like := reference
		if t.sizes[len(t.sizes)-1] == "1" {
			like = -1 - reference
		}
		c.program.Like = append(c.program.Like, like)
	}
	c.program.Inputs = len(c.node.inputs)
	if !c.program.Fits() {
		return nil
	}
	return c
}

// input gives the place of a tensor that the node reads.
func (c *rowProgram) input(name string) rows.Operand {
	at := slices.Index(c.node.inputs, name)
	if at < 0 {
		at = len(c.node.inputs)
		c.node.inputs = append(c.node.inputs, name)
	}
	return rows.Operand{Kind: rows.Input, Index: at}
}

// isVector tells whether a tensor has a value for each column.
func (c *rowProgram) isVector(name string) bool {
	sizes := c.r.in.types[name].sizes
	return len(sizes) > 0 && sizes[len(sizes)-1] != "1"
}

// operand gives where a tensor's values are.
func (c *rowProgram) operand(name string) rows.Operand {
	if o, ok := c.values[name]; ok {
		return o
	}
	if from, ok := c.r.producer[name]; ok && c.r.isMask(c.r.nodes[from]) && c.isVector(name) {
		mask := c.r.nodes[from]
		o := c.program.NewVector()
		c.program.Do(rows.FromUint8V, o, c.input(mask.inputs[0]))
		c.program.Do(rows.MulVS, o, o, c.input(mask.inputs[1]))
		c.values[name] = o
		return o
	}
	return c.input(name)
}

// result gives where a tensor's values go.
func (c *rowProgram) result(name string) rows.Operand {
	if o, ok := c.values[name]; ok {
		return o
	}
	o := rows.Operand{}
	if c.isVector(name) {
		o = c.program.NewVector()
	} else {
		o = c.program.NewScalar()
	}
	c.values[name] = o
	return o
}

// single has the operations by the kind of their operand.
var single = map[string][2]rows.Operation{ // of vectors, of scalars
	"Abs": {rows.AbsV, rows.AbsS}, "Neg": {rows.NegV, rows.NegS}, "Sqrt": {0, rows.SqrtS}, "Reciprocal": {rows.InvertV, rows.InvertS},
	"Exp": {rows.ExpV}, "Erf": {rows.ErfV}, "Gelu": {rows.GeluV}, "Sigmoid": {rows.SigmoidV},
	"ReduceSum": {rows.SumV}, "ReduceMean": {rows.MeanV}, "ReduceMax": {rows.MaximumV},
}

// pairwise has the operations by the kinds of their operands: vv, vs, sv, ss. Where sv is vs, the operands change places.
var pairwise = map[string][4]rows.Operation{
	"Add": {rows.AddVV, rows.AddVS, rows.AddVS, rows.AddSS}, "Mul": {rows.MulVV, rows.MulVS, rows.MulVS, rows.MulSS}, "Max": {rows.MaxVV, rows.MaxVS, rows.MaxVS, rows.MaxSS},
	"Sub": {rows.SubVV, rows.SubVS, rows.SubSV, rows.SubSS}, "Div": {rows.DivVV, rows.DivVS, rows.DivSV, rows.DivSS},
}

// translate adds the instructions of a node.
func (c *rowProgram) translate(node regionNode) {
	p := &c.program
	if c.computed[node.outputs[0]] {
		return
	}
	x := c.operand(node.inputs[0])
	if node.operator == "Gelu" && c.geluWithErf(node, x) {
		return
	}
	if u, ok := single[node.operator]; ok {
		operation := u[0]
		if !c.isVector(node.inputs[0]) {
			operation = u[1]
		}
		p.Do(operation, c.result(node.outputs[0]), x)
		return
	}
	if b, ok := pairwise[node.operator]; ok {
		y, form := c.operand(node.inputs[1]), 0
		if !c.isVector(node.inputs[1]) {
			form++
		}
		if !c.isVector(node.inputs[0]) {
			form += 2
		}
		if form == 2 && b[2] == b[1] {
			x, y = y, x
		}
		if b[form] == rows.DivVS { // one division instead of one for each column
			inverse := p.NewScalar()
			p.Do(rows.InvertS, inverse, y)
			p.Do(rows.MulVS, c.result(node.outputs[0]), x, inverse)
			return
		}
		p.Do(b[form], c.result(node.outputs[0]), x, y)
		return
	}
	switch node.operator {
	case "Softmax":
		y, most, sum := c.result(node.outputs[0]), p.NewScalar(), p.NewScalar()
		p.Do(rows.MaximumV, most, x)
		p.Do(rows.SubVS, y, x, most)
		p.Do(rows.ExpV, y, y)
		p.Do(rows.SumV, sum, y)
		p.Do(rows.InvertS, sum, sum)
		p.Do(rows.MulVS, y, y, sum)
	case "LayerNormalization":
		scalar := func(i int) rows.Operand {
			if len(node.outputs) > i && node.outputs[i] != "" {
				return c.result(node.outputs[i])
			}
			return p.NewScalar()
		}
		epsilon, ok := node.floats["epsilon"]
		if !ok {
			epsilon = 1e-5
		}
		y, mean, inverse := c.result(node.outputs[0]), scalar(1), scalar(2)
		centred, squares, variance := p.NewVector(), p.NewVector(), p.NewScalar()
		p.Do(rows.MeanV, mean, x)
		p.Do(rows.SubVS, centred, x, mean)
		p.Do(rows.MulVV, squares, centred, centred)
		p.Do(rows.MeanV, variance, squares)
		p.Do(rows.AddSS, variance, variance, p.Set(epsilon))
		p.Do(rows.SqrtS, variance, variance)
		p.Do(rows.InvertS, inverse, variance)
		p.Do(rows.MulVS, centred, centred, inverse)
		p.Do(rows.MulVV, centred, centred, c.operand(node.inputs[1]))
		p.Do(rows.AddVV, y, centred, c.operand(node.inputs[2]))
	case "QuantizeLinear":
		divided, inverse, zero := p.NewVector(), p.NewScalar(), p.NewScalar()
		p.Do(rows.InvertS, inverse, c.operand(node.inputs[1]))
		p.Do(rows.MulVS, divided, x, inverse)
		p.Do(rows.FromUint8S, zero, c.operand(node.inputs[2]))
		p.Do(rows.ToUint8V, c.result(node.outputs[0]), divided, zero)
	}
}

// geluWithErf computes Gelu in the steps of its gradient, which the region computes as well: x / 2 · (1 + erf(x / √2)). False if it does not.
func (c *rowProgram) geluWithErf(node regionNode, x rows.Operand) bool {
	for _, n := range c.at.nodes {
		erf := c.r.nodes[n]
		from, ok := c.r.producer[erf.inputs[0]]
		if erf.operator != "Erf" || !ok {
			continue
		}
		scaled := c.r.nodes[from]
		if scaled.operator != "Mul" || scaled.inputs[0] != node.inputs[0] || math.Abs(float64(c.r.in.numbers[scaled.inputs[1]])-math.Sqrt2/2) > 1e-6 {
			continue
		}
		p, e, y := &c.program, c.result(erf.outputs[0]), c.result(node.outputs[0])
		p.Do(rows.MulVS, e, x, p.Set(math.Sqrt2/2))
		p.Do(rows.ErfV, e, e)
		p.Do(rows.AddVS, y, e, p.Set(1))
		p.Do(rows.MulVV, y, y, x)
		p.Do(rows.MulVS, y, y, p.Set(0.5))
		c.computed[erf.outputs[0]] = true
		return true
	}
	return false
}

// message is the node, a NodeProto.
func (c *rowProgram) message() []byte {
	c.node.operator = "Rows"
	if c.rounds {
		c.node.operator = "RowsRounded"
	}
	c.node.name, c.node.domain = "rows/"+c.node.outputs[0], rows.Domain
	return c.node.message(intsAttribute("program", c.program.Encode()...))
}
