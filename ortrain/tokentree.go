package ortrain

import "slices"

// tree holds texts of tokens. Texts with the same beginning share its nodes: a causal model computes the same there.
type tree struct {
	tokens []int64
	parent []int // the node before, -1 for the first token of a text
	depth  []int // position in the text, from 0
	next   map[step]int
}

// step is what leads from a node to another.
type step struct {
	node  int // -1: the beginning
	token int32
}

func newTree() *tree { return &tree{next: map[step]int{}} }

// missing is the number of nodes that adding a text would take.
func (t *tree) missing(text []int32) int {
	node := -1
	for i, token := range text {
		next, ok := t.next[step{node, token}]
		if !ok {
			return len(text) - i
		}
		node = next
	}
	return 0
}

// add gives the nodes of a text's tokens.
func (t *tree) add(text []int32) []int {
	path := make([]int, len(text))
	node := -1
	for i, token := range text {
		next, ok := t.next[step{node, token}]
		if !ok {
			next = len(t.tokens)
			t.next[step{node, token}] = next
			t.tokens, t.parent, t.depth = append(t.tokens, int64(token)), append(t.parent, node), append(t.depth, i)
		}
		path[i], node = next, next
	}
	return path
}

// forest is a batch of trees, one in each row of attention. The names are the graph's input names; see docs/graphs.md.
type forest struct {
	rows, width int

	inputIDs, positionIDs []int64 // [T]
	tokenRow, tokenColumn []int64 // [T]
	rowTokens             []int64 // [R, W]
	sees                  []uint8 // [R, W, W]
	asking                []int64 // [A] tokens that others follow
	predictedBy           []int64 // [N] place in asking
	predictedID           []int64 // [N] the token that follows
	prediction            [][]int // of each node of each tree: its place among the predictions; -1: it is the first of a text
}

// plant puts trees side by side.
func plant(trees []*tree) *forest {
	f := &forest{rows: len(trees)}
	for _, t := range trees {
		f.width = max(f.width, len(t.tokens))
	}
	f.rowTokens = make([]int64, f.rows*f.width)
	f.sees = make([]uint8, f.rows*f.width*f.width)
	for row, t := range trees {
		first := len(f.inputIDs)
		f.inputIDs = append(f.inputIDs, t.tokens...)
		place := slices.Repeat([]int{-1}, len(t.tokens)) // in asking
		prediction := make([]int, len(t.tokens))
		for node, parent := range t.parent {
			f.positionIDs = append(f.positionIDs, int64(t.depth[node]))
			f.tokenRow, f.tokenColumn = append(f.tokenRow, int64(row)), append(f.tokenColumn, int64(node))
			f.rowTokens[row*f.width+node] = int64(first + node)
			sees := f.sees[(row*f.width+node)*f.width:][:f.width]
			if prediction[node] = -1; parent >= 0 {
				copy(sees, f.sees[(row*f.width+parent)*f.width:][:parent+1]) // parents stand before their children
				if place[parent] < 0 {
					place[parent] = len(f.asking)
					f.asking = append(f.asking, int64(first+parent))
				}
				prediction[node] = len(f.predictedBy)
				f.predictedBy, f.predictedID = append(f.predictedBy, int64(place[parent])), append(f.predictedID, t.tokens[node])
			}
			sees[node] = 1
		}
		// An empty slot sees what the first one does: a softmax of nothing is not a number.
		for node := len(t.tokens); node < f.width; node++ {
			f.sees[(row*f.width+node)*f.width] = 1
		}
		f.prediction = append(f.prediction, prediction)
	}
	return f
}
