package ortrain

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/testort"
)

// packed is attention over rows of texts. Queries of a group of heads share their keys and stand side by side.
type packed struct {
	rows, heads, group, width, size int
	seed                            uint64
}

// layout gives which row of [tokens * heads, size] stands in each slot of [rows * heads / group, group * width], and the slot of each row. What
// pads a row of texts is row 0. used says how many tokens each row of texts has.
func (p packed) layout(heads, group int, used []int) (slots, places []int64) {
	token := 0
	places = make([]int64, heads*p.tokens(used))
	for r := range p.rows {
		for n := range heads / group {
			for i := range group * p.width {
				slot, head, column := int64(len(slots)), n*group+i/p.width, i%p.width
				if column >= used[r] {
					slots = append(slots, 0)
					continue
				}
				at := (token+column)*heads + head
				slots, places[at] = append(slots, int64(at)), slot
			}
		}
		token += used[r]
	}
	return slots, places
}

func (p packed) tokens(used []int) (n int) {
	for _, u := range used {
		n += u
	}
	return n
}

func bytesOf(numbers any) []byte {
	out, err := binary.Append(nil, binary.LittleEndian, numbers)
	if err != nil {
		panic(err)
	}
	return out
}

// graph writes attention and, if so, its gradient as the exporter does. kind says what biases there are.
func (p packed) graph(kind string, dropout, gradient bool) (g smallGraph) {
	random := rand.New(rand.NewPCG(p.seed, 1))
	used := make([]int, p.rows)
	for r := range used {
		used[r] = 1 + random.IntN(p.width)
	}
	used[0] = p.width
	keyHeads := p.heads / p.group
	querySlots, queryPlaces := p.layout(p.heads, p.group, used)
	keySlots, keyPlaces := p.layout(keyHeads, 1, used)
	tokens, n, q, k, e := p.tokens(used), p.rows*keyHeads, p.group*p.width, p.width, p.size
	bias, filled := make([]float32, 0, p.rows*q*k), make([]float32, n*q)
	for r := range p.rows {
		second := random.IntN(p.width) // where a second text begins
		for i := range q {
			for j := range k {
				a, b, value := i%p.width, j, float32(0)
				switch {
				case (a < second) != (b < second), (a < used[r]) != (b < used[r]), kind == "causal" && b > a:
					value = -1e9
				case kind == "other":
					value = float32(a-b) / 10
				}
				if kind == "other" && (i == 1 || j == 1) { // a query that sees nothing, and a key that nobody sees
					value = -1e9
				}
				bias = append(bias, value)
			}
		}
	}
	for i, row := range querySlots {
		if queryPlaces[row] == int64(i) {
			filled[i] = 1
		}
	}
	keep := make([]uint8, n*q*k)
	for i := range keep {
		keep[i] = uint8(min(1, random.IntN(10)))
	}
	list := func(name string, numbers ...int64) { g.constant(name, 7, bytesOf(numbers), uint64(len(numbers))) }
	g.constant("query_slots", 7, bytesOf(querySlots), uint64(n), uint64(q))
	g.constant("key_slots", 7, bytesOf(keySlots), uint64(n), uint64(k))
	g.constant("query_places", 7, bytesOf(queryPlaces), uint64(tokens), uint64(p.heads))
	g.constant("key_places", 7, bytesOf(keyPlaces), uint64(tokens), uint64(keyHeads))
	g.constant("bias", 1, bytesOf(bias), uint64(p.rows), 1, uint64(q), uint64(k))
	g.constant("filled", 1, bytesOf(filled), uint64(n), uint64(q), 1)
	g.constant("keep", 2, keep, uint64(p.rows), uint64(keyHeads), uint64(q), uint64(k))
	g.constant("keep_scale", 1, bytesOf([]float32{1 / 0.9}), 1)
	g.number("scale", float32(1/math.Sqrt(float64(e))))
	list("apart", int64(p.rows), int64(keyHeads), int64(q), int64(k))
	list("together", int64(n), int64(q), int64(k))
	list("flat", -1, int64(e))
	list("axis", -1)
	queries, keys := int64(tokens*p.heads), int64(tokens*keyHeads)
	g.value(11, "query", 1, queries, int64(e))
	g.value(11, "key", 1, keys, int64(e))
	g.value(11, "value", 1, keys, int64(e))
	g.value(12, "result", 1, int64(tokens), int64(p.heads), int64(e))

	g.node("Gather", "q", nil, "query", "query_slots")
	g.node("Gather", "k", nil, "key", "key_slots")
	g.node("Gather", "v", nil, "value", "key_slots")
	g.transpose("k_turned", "k", 0, 2, 1)
	g.node("MatMul", "products", nil, "q", "k_turned")
	g.node("Mul", "scores", nil, "products", "scale")
	g.node("Reshape", "scores_apart", nil, "scores", "apart")
	g.node("Add", "biased", nil, "scores_apart", "bias")
	g.node("Softmax", "probabilities", nil, "biased")
	dropped := "probabilities"
	if dropout {
		g.node("DequantizeLinear", "mask", nil, "keep", "keep_scale")
		g.node("Mul", "dropped", nil, "probabilities", "mask")
		dropped = "dropped"
	}
	g.node("Reshape", "weights", nil, dropped, "together")
	g.node("MatMul", "context", nil, "weights", "v")
	g.node("Reshape", "context_flat", nil, "context", "flat")
	g.node("Gather", "result", nil, "context_flat", "query_places")
	if !gradient {
		return g
	}
	g.value(11, "by_result", 1, queries, int64(e))
	g.value(12, "by_query", 1, int64(tokens), int64(p.heads), int64(e))
	g.value(12, "by_key", 1, int64(tokens), int64(keyHeads), int64(e))
	g.value(12, "by_value", 1, int64(tokens), int64(keyHeads), int64(e))
	g.node("Gather", "gathered", nil, "by_result", "query_slots")
	g.node("Mul", "given", nil, "gathered", "filled")
	g.transpose("weights_turned", "weights", 0, 2, 1)
	g.node("MatMul", "by_v", nil, "weights_turned", "given")
	g.transpose("v_turned", "v", 0, 2, 1)
	g.node("MatMul", "by_weight", nil, "given", "v_turned")
	byProbability := "by_weight"
	if dropout {
		g.node("Reshape", "mask_together", nil, "mask", "together")
		g.node("Mul", "kept", nil, "by_weight", "mask_together")
		byProbability = "kept"
	}
	g.node("Reshape", "probabilities_together", nil, "probabilities", "together")
	g.node("Mul", "both", nil, "given", "context")
	g.node("ReduceSum", "mean", map[string]uint64{"keepdims": 1}, "both", "axis")
	g.node("Sub", "centred", nil, byProbability, "mean")
	g.node("Mul", "by_score", nil, "probabilities_together", "centred")
	g.node("MatMul", "by_q", nil, "by_score", "k")
	g.node("Mul", "by_q_scaled", nil, "by_q", "scale")
	g.transpose("by_score_turned", "by_score", 0, 2, 1)
	g.node("MatMul", "by_k", nil, "by_score_turned", "q")
	g.node("Mul", "by_k_scaled", nil, "by_k", "scale")
	for _, from := range [][3]string{{"by_v", "by_value", "key_places"}, {"by_k_scaled", "by_key", "key_places"}, {"by_q_scaled", "by_query", "query_places"}} {
		g.node("Reshape", from[0]+"_flat", nil, from[0], "flat")
		g.node("Gather", from[1], nil, from[0]+"_flat", from[2])
	}
	return g
}

// Attention as one node computes what ONNX Runtime computes operation by operation, and so does its gradient.
func TestAttention(t *testing.T) {
	testort.Start(t)
	for _, p := range []packed{{1, 1, 1, 1, 1, 1}, {3, 2, 1, 5, 4, 2}, {2, 3, 1, 37, 20, 3}, {4, 2, 1, 70, 32, 4}, {2, 6, 3, 33, 64, 5}, {9, 2, 2, 16, 48, 6}, {1, 1, 1, 300, 16, 7}} {
		for _, kind := range []string{"texts", "causal", "other"} {
			for _, dropout := range []bool{false, true} {
				for _, gradient := range []bool{false, true} {
					if p.width < 3 && kind == "other" {
						continue
					}
					t.Run(fmt.Sprintf("%v/%s/%v/%v", p, kind, dropout, gradient), func(t *testing.T) {
						g := p.graph(kind, dropout, gradient)
						plain := graphs.Linked{Model: g.model()}
						joined := plain
						if err := joined.JoinRows(); err != nil {
							t.Fatal(err)
						}
						if n := strings.Count(string(joined.Model), "Softmax"); n != 0 {
							t.Fatalf("%d times Softmax are left", n)
						}
						g.compare(t, plain, joined, 1, 1)
					})
				}
			}
		}
	}
}

// Slots and places that are not there are an error, and no memory is read or written.
func TestAttentionOutside(t *testing.T) {
	testort.Start(t)
	p := packed{2, 2, 1, 5, 4, 1}
	for _, broken := range []string{"query_slots", "key_slots", "query_places", "key_places"} {
		for _, number := range []int64{-1, 1 << 40, 1} { // the last: two have one place, or one none
			t.Run(fmt.Sprintf("%s/%d", broken, number), func(t *testing.T) {
				g := p.graph("texts", true, true)
				model := g.model()
				at := strings.Index(string(model), "\x42"+string(rune(len(broken)))+broken+"\x4a") // the fields name and raw_data of the tensor
				if at < 0 {
					t.Fatal("the tensor was not found")
				}
				first := at + 2 + len(broken) + 3
				if model[at+2+len(broken)+1] < 0x80 { // a length of one byte
					first--
				}
				binary.LittleEndian.PutUint64(model[first:], uint64(number))
				joined := graphs.Linked{Model: model}
				if err := joined.JoinRows(); err != nil {
					t.Fatal(err)
				}
				if _, err := g.tryRun(t, joined, 1, 1, 2); number != 1 && (err == nil || !strings.Contains(err.Error(), "attention to tokens that are not there")) {
					t.Errorf("got %v", err)
				} else if number == 1 && strings.HasSuffix(broken, "places") && (err == nil || !strings.Contains(err.Error(), "attention without a place for each token")) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}
