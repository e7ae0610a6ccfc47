package graphs

import (
	"cmp"
	"math"
	"slices"

	"mslora/internal/operators"
)

// attention is a layer's attention over packed tokens, as the exporter writes it: dropout(softmax(scale q k^T + bias)) v of each head, with heads
// gathered from tokens and back, and its gradient. Package operators computes either with one node.
type attention struct {
	query, key, value                                  string // [tokens * heads, size]
	querySlots, keySlots, queryPlaces, keyPlaces, bias string
	keep, keepScale                                    string // of dropout; "" without
	scale                                              float32
	result                                             string // [tokens, heads, size]
	gradient, filled                                   string // of the result; "": the graph has no gradient
	byQuery, byKey, byValue                            string // of gradients those that the graph has

	forward, backward []int // nodes
	from              int   // the first node of the gradient that depends on that of the result
}

// joinAttention makes one node of each layer's attention, and one of its gradient, and tells whether there are any.
func joinAttention(graph []byte, known map[string]tensorType) (_ []byte, found bool, err error) {
	w, err := readWiring(graph, known)
	if err != nil {
		return nil, false, err
	}
	inside, instead := map[int]bool{}, map[int][]byte{}
	values := []byte(nil)
	for i, node := range w.nodes {
		if node.operator != "Softmax" {
			continue
		}
		a, ok := w.attention(i)
		if !ok {
			continue
		}
		for _, n := range slices.Concat(a.forward, a.backward) {
			inside[n] = true
		}
		// Everything that the nodes read is there by then, and nobody has read yet what they compute.
		instead[w.producer[a.result]] = appendBytes(nil, graphNode, a.forwardNode())
		if a.gradient != "" {
			instead[a.from] = appendBytes(nil, graphNode, a.backwardNode())
		}
		for _, output := range []string{a.result, a.byQuery, a.byKey, a.byValue} {
			values = w.in.state(values, output, w.in.types[output])
		}
	}
	var out []byte
	count := 0
	for f := range graphFields(graph) { // readWiring has found nothing wrong with them
		if f.node.operator == "" {
			out = append(out, f.raw...)
			continue
		}
		if !inside[count] {
			out = append(out, f.raw...)
		}
		out = append(out, instead[count]...)
		count++
	}
	return append(out, values...), len(inside) > 0, nil
}

// matcher collects the nodes of attention while they are found one from the other.
type matcher struct {
	*wiring
	nodes  []int
	failed bool
}

func (m *matcher) need(ok bool) { m.failed = m.failed || !ok }

// by gives the node that computes a tensor, which must have this operator and so many inputs.
func (m *matcher) by(tensor, operator string, inputs int) wiredNode {
	i, ok := m.wiring.by(tensor, operator)
	if !ok || m.failed || len(m.wiring.nodes[i].inputs) != inputs || len(m.wiring.nodes[i].outputs) != 1 {
		m.failed = true
		return noNode
	}
	m.nodes = append(m.nodes, i)
	return m.wiring.nodes[i]
}

// noNode is what is read where no node was found.
var noNode = wiredNode{operation: operation{inputs: make([]string, 4), outputs: make([]string, 1)}}

// reader gives the one node with this operator and so many inputs that reads a tensor as its input number at.
func (m *matcher) reader(tensor, operator string, inputs, at int) wiredNode {
	n, ok := m.find(tensor, operator, inputs, at)
	m.need(ok)
	return n
}

func (m *matcher) find(tensor, operator string, inputs, at int) (wiredNode, bool) {
	found := -1
	for _, i := range m.readers[tensor] {
		if i < 0 || m.failed {
			continue
		}
		if n := m.wiring.nodes[i]; n.operator == operator && n.domain == "" && len(n.inputs) == inputs && len(n.outputs) == 1 && n.inputs[at] == tensor && found != i {
			if found >= 0 {
				m.failed = true
			}
			found = i
		}
	}
	if found < 0 || m.failed {
		return noNode, false
	}
	m.nodes = append(m.nodes, found)
	return m.wiring.nodes[found], true
}

// swaps tells whether a Transpose exchanges the last two of three axes; gathers, whether a Gather takes rows.
func swaps(n wiredNode) bool   { return slices.Equal(n.integers["perm"], []int64{0, 2, 1}) }
func gathers(n wiredNode) bool { return n.integer("axis", 0) == 0 }

// scaled gives the number that a Mul multiplies with.
func (m *matcher) scaled(n wiredNode) float32 {
	scale, ok := m.in.numbers[n.inputs[1]]
	m.need(ok)
	return scale
}

// attention finds the nodes around a Softmax.
func (w *wiring) attention(softmax int) (a attention, ok bool) {
	m := &matcher{wiring: w, nodes: []int{softmax}}
	node := w.nodes[softmax]
	if node.integer("axis", -1) != -1 || len(node.inputs) != 1 || len(node.outputs) != 1 {
		return a, false
	}
	probabilities := node.outputs[0]
	biased := m.by(node.inputs[0], "Add", 2)
	a.bias = biased.inputs[1]
	bias := w.in.types[a.bias].sizes
	m.need(len(bias) == 4 && bias[1] == "1")
	scores := m.by(m.by(biased.inputs[0], "Reshape", 2).inputs[0], "Mul", 2)
	a.scale = m.scaled(scores)
	m.need(a.scale > 0)
	product := m.by(scores.inputs[0], "MatMul", 2)
	query, turned := m.by(product.inputs[0], "Gather", 2), m.by(product.inputs[1], "Transpose", 1)
	key := m.by(turned.inputs[0], "Gather", 2)
	m.need(swaps(turned) && gathers(query) && gathers(key))
	a.query, a.querySlots, a.key, a.keySlots = query.inputs[0], query.inputs[1], key.inputs[0], key.inputs[1]
	dropped := probabilities
	if kept, ok := m.find(probabilities, "Mul", 2, 0); ok {
		mask := m.by(kept.inputs[1], "DequantizeLinear", 2)
		m.nodes = m.nodes[:len(m.nodes)-1] // others may read the mask
		m.need(w.isMask(mask))
		a.keep, a.keepScale, dropped = mask.inputs[0], mask.inputs[1], kept.outputs[0]
	}
	// Without dropout the gradient may read probabilities through a Reshape of its own.
	var weights, context wiredNode
	for _, i := range w.readers[dropped] {
		if i < 0 || w.nodes[i].operator != "Reshape" || len(w.nodes[i].inputs) != 2 || len(w.nodes[i].outputs) != 1 {
			continue
		}
		before := len(m.nodes)
		if c, ok := m.find(w.nodes[i].outputs[0], "MatMul", 2, 0); ok && !slices.Contains(m.nodes[:before], i) {
			weights, context = w.nodes[i], c
			m.nodes = append(m.nodes, i)
		}
	}
	if m.failed || context.operator == "" {
		return a, false
	}
	value := m.by(context.inputs[1], "Gather", 2)
	a.value = value.inputs[0]
	m.need(gathers(value) && value.inputs[1] == a.keySlots)
	back := m.reader(m.reader(context.outputs[0], "Reshape", 2, 0).outputs[0], "Gather", 2, 0)
	m.need(gathers(back))
	a.queryPlaces, a.result = back.inputs[1], back.outputs[0]
	a.forward = m.nodes
	if turnedValue, ok := m.find(value.outputs[0], "Transpose", 1, 0); ok {
		m.nodes = []int{w.producer[turnedValue.outputs[0]]}
		m.need(swaps(turnedValue))
		m.gradient(&a, turnedValue, weights, context, query, key, probabilities)
		a.backward = m.nodes
	}
	if m.failed || !w.closed(a) {
		return a, false
	}
	for _, rows := range []string{a.query, a.key, a.value} {
		if len(w.in.types[rows].sizes) != 2 {
			return a, false
		}
	}
	places := w.in.types[a.result].sizes
	return a, len(places) == 3
}

// gradient finds the nodes of the gradient from the transposed values on.
func (m *matcher) gradient(a *attention, turnedValue, weights, context, query, key wiredNode, probabilities string) {
	byWeight := m.reader(turnedValue.outputs[0], "MatMul", 2, 1)
	given := m.by(byWeight.inputs[0], "Mul", 2)
	gathered := m.by(given.inputs[0], "Gather", 2)
	m.need(gathers(gathered) && gathered.inputs[1] == a.querySlots)
	a.gradient, a.filled, a.from = gathered.inputs[0], given.inputs[1], m.producer[gathered.outputs[0]]
	byProbability := byWeight.outputs[0]
	if a.keep != "" {
		kept := m.reader(byProbability, "Mul", 2, 0)
		mask := m.by(kept.inputs[1], "Reshape", 2)
		dequantized, ok := m.wiring.by(mask.inputs[0], "DequantizeLinear")
		m.need(ok && m.wiring.nodes[dequantized].inputs[0] == a.keep && m.wiring.nodes[dequantized].inputs[1] == a.keepScale)
		byProbability = kept.outputs[0]
	}
	centred := m.reader(byProbability, "Sub", 2, 0)
	sum := m.by(centred.inputs[1], "ReduceSum", 2)
	together := m.by(sum.inputs[0], "Mul", 2)
	m.need(together.inputs[0] == given.outputs[0] && together.inputs[1] == context.outputs[0])
	m.need(m.in.reducesRows(sum.operation, sum.attributes, m.in.types[sum.inputs[0]]) || m.in.types[sum.inputs[0]].sizes == nil)
	byScore := m.reader(centred.outputs[0], "Mul", 2, 1)
	shaped := m.by(byScore.inputs[0], "Reshape", 2)
	m.need(shaped.inputs[0] == probabilities)
	if m.failed {
		return
	}
	tokens := func(heads wiredNode, scaled bool) (string, string) {
		if scaled {
			heads = m.reader(heads.outputs[0], "Mul", 2, 0)
			m.need(m.scaled(heads) == a.scale)
		}
		back := m.reader(m.reader(heads.outputs[0], "Reshape", 2, 0).outputs[0], "Gather", 2, 0)
		m.need(gathers(back))
		return back.outputs[0], back.inputs[1]
	}
	keyPlaces := ""
	if turned, ok := m.find(weights.outputs[0], "Transpose", 1, 0); ok {
		heads := m.reader(turned.outputs[0], "MatMul", 2, 0)
		m.need(swaps(turned) && heads.inputs[1] == given.outputs[0])
		a.byValue, keyPlaces = tokens(heads, false)
	}
	if heads, ok := m.find(byScore.outputs[0], "MatMul", 2, 0); ok {
		places := ""
		m.need(heads.inputs[1] == key.outputs[0])
		a.byQuery, places = tokens(heads, true)
		m.need(places == a.queryPlaces)
	}
	if turned, ok := m.find(byScore.outputs[0], "Transpose", 1, 0); ok {
		places := ""
		heads := m.reader(turned.outputs[0], "MatMul", 2, 0)
		m.need(swaps(turned) && heads.inputs[1] == query.outputs[0])
		a.byKey, places = tokens(heads, true)
		m.need(keyPlaces == "" || places == keyPlaces)
		keyPlaces = places
	}
	a.keyPlaces = cmp.Or(keyPlaces, a.queryPlaces) // which nobody reads without gradients by keys and values
}

// closed tells whether nobody else reads what the nodes compute, but for their results.
func (w *wiring) closed(a attention) bool {
	all := slices.Concat(a.forward, a.backward)
	results := []string{a.result, a.byQuery, a.byKey, a.byValue}
	for _, n := range all {
		for _, output := range w.nodes[n].outputs {
			if slices.Contains(results, output) {
				continue
			}
			for _, reader := range w.readers[output] {
				if !slices.Contains(all, reader) {
					return false
				}
			}
		}
	}
	return true
}

// statistics names what the gradient needs of the softmax.
func (a attention) statistics() string { return a.result + "/statistics" }

func (a attention) forwardNode() []byte {
	o := operation{name: "attention/" + a.result, operator: "Attention", domain: operators.Domain, outputs: []string{a.result}}
	o.inputs = []string{a.query, a.key, a.value, a.querySlots, a.keySlots, a.queryPlaces, a.bias}
	settings := a.settings()
	if a.gradient != "" {
		o.outputs = append(o.outputs, a.statistics())
	}
	settings = append(settings, one(a.gradient != ""))
	o.inputs = append(o.inputs, a.dropout()...)
	return o.message(intsAttribute("attention", settings...))
}

func (a attention) backwardNode() []byte {
	o := operation{name: "attention_gradient/" + a.result, operator: "AttentionGradient", domain: operators.Domain}
	o.inputs = []string{a.query, a.key, a.value, a.querySlots, a.keySlots, a.queryPlaces, a.bias, a.keyPlaces, a.gradient, a.filled, a.result, a.statistics()}
	o.inputs = append(o.inputs, a.dropout()...)
	settings := a.settings()
	for _, output := range []string{a.byQuery, a.byKey, a.byValue} {
		settings = append(settings, one(output != ""))
		if output != "" {
			o.outputs = append(o.outputs, output)
		}
	}
	return o.message(intsAttribute("attention", settings...))
}

// settings is the beginning of the nodes' attribute: whether there is dropout, and the bits of the scale.
func (a attention) settings() []int64 {
	return []int64{one(a.keep != ""), int64(math.Float32bits(a.scale))}
}

func (a attention) dropout() []string {
	if a.keep == "" {
		return nil
	}
	return []string{a.keep, a.keepScale}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
