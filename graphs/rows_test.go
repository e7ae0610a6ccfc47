package graphs

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"mslora/internal/operators"
)

// Every graph keeps its inputs and outputs, is in order, and has no chain of small operations left.
func TestJoinRows(t *testing.T) {
	for _, architecture := range classifying() {
		for _, method := range names {
			if method == Classification { // which is for others, and not joined
				continue
			}
			t.Run(architecture+"/"+method, func(t *testing.T) {
				topology, err := Store{}.Load(architecture, method)
				if err != nil {
					t.Fatal(err)
				}
				joined := Linked{Model: topology.Model}
				if err := joined.JoinRows(); err != nil {
					t.Fatal(err)
				}
				before, after := decodeGraph(t, topology.Model), decodeGraph(t, joined.Model)
				checkOrder(t, after)
				made := map[string]bool{}
				for _, n := range after.nodes {
					for _, output := range n.outputs {
						made[output] = true
					}
				}
				for _, i := range append(initializers(after), after.inputs...) {
					made[i.Name] = true
				}
				for _, n := range after.nodes {
					for _, input := range n.inputs {
						if input != "" && !made[input] {
							t.Errorf("node %s reads %s, which is gone", n.name, input)
						}
					}
				}
				for _, o := range before.outputs {
					if !made[o.Name] {
						t.Errorf("output %s is gone", o.Name)
					}
				}
				ours, attentions := 0, 0
				for _, n := range after.nodes {
					if n.domain == operators.Domain {
						ours++
					}
					if n.domain == operators.Domain && n.operator == "Attention" {
						attentions++
					}
					if n.operator == "Softmax" || n.operator == "LayerNormalization" {
						t.Errorf("%s %s is left", n.operator, n.name)
					}
				}
				// The last layer, in which one token of a text asks, and prefixes are not joined.
				if want := countOperator(before, "Softmax") - 1; !strings.HasPrefix(method, "prefix") && attentions != want {
					t.Errorf("%d nodes of attention, want %d", attentions, want)
				}
				if small := elementwise(after); ours == 0 || small > elementwise(before)/2 {
					t.Errorf("%d nodes of rows; %d small operations are left of %d", ours, small, elementwise(before))
				}
			})
		}
	}
}

func countOperator(graph decodedGraph, operator string) (n int) {
	for _, node := range graph.nodes {
		if node.operator == operator {
			n++
		}
	}
	return n
}

func initializers(graph decodedGraph) (all []Tensor) {
	for _, i := range graph.initializers {
		all = append(all, Tensor{Name: i.name})
	}
	return all
}

// elementwise counts nodes that programs have operations for.
func elementwise(graph decodedGraph) (n int) {
	for _, node := range graph.nodes {
		if _, ok := rowOperators[node.operator]; ok {
			n++
		}
	}
	return n
}

// rowGraph is a GraphProto of nodes "operator input input output" with inputs [T, 8] and outputs.
func rowGraph(inputs, outputs []string, nodes ...[]string) (graph []byte) {
	wide := tensorType{onnxFloat, []string{"T", "8"}}
	for _, n := range nodes {
		o := operation{name: n[len(n)-1], operator: n[0], inputs: n[1 : len(n)-1], outputs: n[len(n)-1:]}
		graph = appendBytes(graph, graphNode, o.message())
	}
	for _, name := range inputs {
		graph = appendBytes(graph, graphInput, valueInfo(name, wide))
	}
	for _, name := range outputs {
		graph = appendBytes(graph, graphOutput, valueInfo(name, wide))
	}
	weight := tensorHeader("w", []int64{8, 8}, onnxFloat)
	return appendBytes(graph, graphInitializer, weight)
}

func TestFindRegions(t *testing.T) {
	tests := []struct {
		name  string
		nodes [][]string
		want  [][]string // what each region computes
	}{
		{"chain", [][]string{{"Exp", "x", "a"}, {"Neg", "a", "b"}, {"Add", "b", "y", "out"}}, [][]string{{"a", "b", "out"}}},
		{"one alone", [][]string{{"Exp", "x", "out"}}, nil},
		{"softmax alone", [][]string{{"Softmax", "x", "out"}}, [][]string{{"out"}}},
		{"a product between", [][]string{{"Exp", "x", "a"}, {"Neg", "a", "b"}, {"MatMul", "b", "w", "m"}, {"Abs", "m", "c"}, {"Neg", "c", "out"}}, [][]string{{"a", "b"}, {"c", "out"}}},
		{"which needs itself", // a is needed by the product, whose result is added to a
			[][]string{{"Exp", "x", "a"}, {"Neg", "a", "b"}, {"MatMul", "b", "w", "m"}, {"Abs", "m", "c"}, {"Add", "a", "c", "out"}}, [][]string{{"a", "b"}, {"c", "out"}}},
		{"through another region", // joining n with a would make p need itself
			[][]string{{"Exp", "x", "a"}, {"Neg", "a", "b"}, {"MatMul", "b", "w", "m"}, {"Exp", "m", "p"}, {"Neg", "p", "q"}, {"MatMul", "q", "w", "r"}, {"Abs", "r", "s"}, {"Mul", "s", "a", "n"}, {"Add", "n", "p", "out"}},
			[][]string{{"a", "b"}, {"p", "q"}, {"s", "n", "out"}}},
		{"two joined", [][]string{{"Exp", "x", "a"}, {"Neg", "y", "b"}, {"Add", "a", "b", "out"}}, [][]string{{"a", "b", "out"}}},
		{"unknown operator", [][]string{{"Tanh", "x", "a"}, {"Neg", "a", "b"}, {"Floor", "b", "c"}, {"Abs", "c", "out"}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := findRegions(rowGraph([]string{"x", "y"}, []string{"out"}, test.nodes...), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			var seen []*region
			for _, at := range r.of {
				if at == nil || slices.Contains(seen, at) {
					continue
				}
				seen = append(seen, at)
				var computes []string
				for _, n := range at.nodes {
					computes = append(computes, r.nodes[n].outputs[0])
				}
				got = append(got, computes)
			}
			if !slices.EqualFunc(got, test.want, slices.Equal[[]string]) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Programs are trusted, so a graph must not bring its own.
func TestJoinRowsOfOthers(t *testing.T) {
	foreign := operation{name: "n", operator: "Rows", domain: operators.Domain, inputs: []string{"x"}, outputs: []string{"out"}}
	graph := appendBytes(rowGraph([]string{"x"}, []string{"out"}), graphNode, foreign.message())
	err := (&Linked{Model: appendBytes(nil, modelGraph, graph)}).JoinRows()
	if err == nil || !strings.Contains(err.Error(), "node n is of the domain mslora") {
		t.Errorf("got %v", err)
	}
}

// FuzzJoinRows feeds damaged models: no panic, and what comes out can be read again.
func FuzzJoinRows(f *testing.F) {
	model := func(graph []byte) []byte { return appendBytes(nil, modelGraph, graph) }
	f.Add(model(rowGraph([]string{"x", "y"}, []string{"out"}, []string{"Exp", "x", "a"}, []string{"ReduceMax", "a", "b"}, []string{"Div", "a", "b", "out"})))
	f.Add(model(rowGraph([]string{"x"}, []string{"out"}, []string{"Gelu", "x", "a"}, []string{"LayerNormalization", "a", "x", "x", "b"}, []string{"QuantizeLinear", "b", "x", "out"})))
	f.Add(model(appendBytes(nil, graphNode, appendBytes(appendBytes(nil, nodeOperator, []byte("Exp")), nodeAttribute, protowire.AppendVarint(protowire.AppendTag(nil, attributeFloat, protowire.VarintType), 1)))))
	for _, method := range []string{"lora", Evaluation} {
		topology, err := Open("testdata/tiny", method)
		if err != nil {
			continue // the fuzzer's seeds are enough
		}
		f.Add(topology.Model)
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		joined := Linked{Model: model}
		if joined.JoinRows() != nil {
			return
		}
		_, graph, _, err := splitModel(joined.Model)
		if err != nil {
			t.Fatalf("the rewritten model is broken: %v", err)
		}
		for _, err := range nodes(graph) {
			if err != nil {
				t.Fatalf("the rewritten model is broken: %v", err)
			}
		}
	})
}
