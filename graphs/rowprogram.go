package graphs

import (
	"math"
	"slices"
	"strings"

	"mslora/internal/operators"
)

// rowProgram is a region as one node.
type rowProgram struct {
	r       *regions
	at      *region
	node    operation
	types   []tensorType // of the node's outputs
	program operators.Program
	values  map[string]operators.Operand // of tensors
	rounds  bool                         // the first output is uint8

	computed map[string]bool // tensors that an earlier node's instructions gave, too
}

// compile writes a region's program; nil if it cannot be one.
func (r *regions) compile(at *region) *rowProgram {
	c := &rowProgram{r: r, at: at, values: map[string]operators.Operand{}, computed: map[string]bool{}}
	inside := map[string]int{}
	for _, n := range at.nodes {
		for _, input := range r.nodes[n].inputs {
			inside[input]++
		}
	}
	for _, n := range at.nodes {
		node := r.nodes[n]
		for _, output := range node.outputs {
			if output == "" || len(r.readers[output]) == inside[output] {
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
		c.values[output] = operators.Operand{Kind: operators.Output, Index: i}
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
func (c *rowProgram) input(name string) operators.Operand {
	at := slices.Index(c.node.inputs, name)
	if at < 0 {
		at = len(c.node.inputs)
		c.node.inputs = append(c.node.inputs, name)
	}
	return operators.Operand{Kind: operators.Input, Index: at}
}

// isVector tells whether a tensor has a value for each column.
func (c *rowProgram) isVector(name string) bool {
	sizes := c.r.in.types[name].sizes
	return len(sizes) > 0 && sizes[len(sizes)-1] != "1"
}

// operand gives where a tensor's values are.
func (c *rowProgram) operand(name string) operators.Operand {
	if o, ok := c.values[name]; ok {
		return o
	}
	if from, ok := c.r.producer[name]; ok && c.r.isMask(c.r.nodes[from]) && c.isVector(name) {
		mask := c.r.nodes[from]
		o := c.program.NewVector()
		c.program.Do(operators.FromUint8V, o, c.input(mask.inputs[0]))
		c.program.Do(operators.MulVS, o, o, c.input(mask.inputs[1]))
		c.values[name] = o
		return o
	}
	return c.input(name)
}

// result gives where a tensor's values go.
func (c *rowProgram) result(name string) operators.Operand {
	if o, ok := c.values[name]; ok {
		return o
	}
	o := operators.Operand{}
	if c.isVector(name) {
		o = c.program.NewVector()
	} else {
		o = c.program.NewScalar()
	}
	c.values[name] = o
	return o
}

// single has the operations by the kind of their operand.
var single = map[string][2]operators.Operation{ // of vectors, of scalars
	"Abs": {operators.AbsV, operators.AbsS}, "Neg": {operators.NegV, operators.NegS}, "Sqrt": {0, operators.SqrtS}, "Reciprocal": {operators.InvertV, operators.InvertS},
	"Exp": {operators.ExpV}, "Erf": {operators.ErfV}, "Gelu": {operators.GeluV}, "Sigmoid": {operators.SigmoidV},
	"ReduceSum": {operators.SumV}, "ReduceMean": {operators.MeanV}, "ReduceMax": {operators.MaximumV},
}

// pairwise has the operations by the kinds of their operands: vv, vs, sv, ss. Where sv is vs, the operands change places.
var pairwise = map[string][4]operators.Operation{
	"Add": {operators.AddVV, operators.AddVS, operators.AddVS, operators.AddSS}, "Mul": {operators.MulVV, operators.MulVS, operators.MulVS, operators.MulSS}, "Max": {operators.MaxVV, operators.MaxVS, operators.MaxVS, operators.MaxSS},
	"Sub": {operators.SubVV, operators.SubVS, operators.SubSV, operators.SubSS}, "Div": {operators.DivVV, operators.DivVS, operators.DivSV, operators.DivSS},
}

// translate adds the instructions of a node.
func (c *rowProgram) translate(node wiredNode) {
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
		if b[form] == operators.DivVS { // one division instead of one for each column
			inverse := p.NewScalar()
			p.Do(operators.InvertS, inverse, y)
			p.Do(operators.MulVS, c.result(node.outputs[0]), x, inverse)
			return
		}
		p.Do(b[form], c.result(node.outputs[0]), x, y)
		return
	}
	switch node.operator {
	case "Softmax":
		y, most, sum := c.result(node.outputs[0]), p.NewScalar(), p.NewScalar()
		p.Do(operators.MaximumV, most, x)
		p.Do(operators.SubVS, y, x, most)
		p.Do(operators.ExpV, y, y)
		p.Do(operators.SumV, sum, y)
		p.Do(operators.InvertS, sum, sum)
		p.Do(operators.MulVS, y, y, sum)
	case "LayerNormalization":
		scalar := func(i int) operators.Operand {
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
		p.Do(operators.MeanV, mean, x)
		p.Do(operators.SubVS, centred, x, mean)
		p.Do(operators.MulVV, squares, centred, centred)
		p.Do(operators.MeanV, variance, squares)
		p.Do(operators.AddSS, variance, variance, p.Set(epsilon))
		p.Do(operators.SqrtS, variance, variance)
		p.Do(operators.InvertS, inverse, variance)
		p.Do(operators.MulVS, centred, centred, inverse)
		p.Do(operators.MulVV, centred, centred, c.operand(node.inputs[1]))
		p.Do(operators.AddVV, y, centred, c.operand(node.inputs[2]))
	case "QuantizeLinear":
		divided, inverse, zero := p.NewVector(), p.NewScalar(), p.NewScalar()
		p.Do(operators.InvertS, inverse, c.operand(node.inputs[1]))
		p.Do(operators.MulVS, divided, x, inverse)
		p.Do(operators.FromUint8S, zero, c.operand(node.inputs[2]))
		p.Do(operators.ToUint8V, c.result(node.outputs[0]), divided, zero)
	}
}

// geluWithErf computes Gelu in the steps of its gradient, which the region computes as well: x / 2 · (1 + erf(x / √2)). False if it does not.
func (c *rowProgram) geluWithErf(node wiredNode, x operators.Operand) bool {
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
		p.Do(operators.MulVS, e, x, p.Set(math.Sqrt2/2))
		p.Do(operators.ErfV, e, e)
		p.Do(operators.AddVS, y, e, p.Set(1))
		p.Do(operators.MulVV, y, y, x)
		p.Do(operators.MulVS, y, y, p.Set(0.5))
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
	c.node.name, c.node.domain = "rows/"+c.node.outputs[0], operators.Domain
	return c.node.message(intsAttribute("program", c.program.Encode()...))
}
