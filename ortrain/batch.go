package ortrain

import "slices"

// Example is one tokenised text with its label.
type Example struct {
	Tokens []int32 // token ids, special tokens included, at least one
	Label  int     // class index, 0 ≤ Label < classes
	Weight float32 // share in the loss beside that of other texts, above 0; 0 counts as 1
	// Expert are log-probabilities [classes] that are added to the class scores before the loss, see graphs.Topology.WithExpert;
	// nil: none.
	Expert []float32 `json:",omitempty"`
}

// weight is the text's share in the loss.
func (e Example) weight() float32 {
	if e.Weight == 0 {
		return 1
	}
	return e.Weight
}

// totalWeight is what the loss of a batch is divided by: the number of texts if none has a weight of its own.
func totalWeight(examples []Example) (total float32) {
	for _, e := range examples {
		total += e.weight()
	}
	return total
}

// Batch is a row-packed batch: token-wise operations see one axis of T tokens without any padding,
// and attention sees R rows of W slots in which several short texts stand side by side under a
// block-diagonal mask. The names are the graph's input names; see docs/graphs.md.
type Batch struct {
	Texts, Tokens, Rows, Width, Longest int // B, T, R, W and L of the graph contract

	InputIDs, PositionIDs []int64   // [T]
	TokenText             []int64   // [T] the text of each token
	TokenRow, TokenColumn []int64   // [T] the attention slot of each token
	RowTokens, RowText    []int64   // [R, W] token of each slot (0 where empty), text of each slot (-1 where empty)
	TextTokens            []int64   // [B, L] token of each position of each text (0 where padding)
	TextMask              []float32 // [B, L] 1 for a token, 0 for padding
	FirstTokens           []int64   // [B] the token index of each text's first token
	Targets               []float32 // [B, C] each text's weight at its label, else 0
	Expert                []float32 // [B, C] what is added to the logits before the loss
	Classes               int       // C
}

// split deals a batch into parts of at most tokens tokens each (but one text at least), so that the memory of a
// step does not grow with the length of texts. A batch that fits is one part, in its order; else texts of like
// length go together, which wastes fewest slots in attention.
func split(examples []Example, tokens int) [][]Example {
	total := 0
	for _, e := range examples {
		total += len(e.Tokens)
	}
	if total <= tokens {
		return [][]Example{examples}
	}
	byLength := slices.Clone(examples)
	slices.SortStableFunc(byLength, func(a, b Example) int { return len(a.Tokens) - len(b.Tokens) })
	var parts [][]Example
	begin, size := 0, 0
	for i, e := range byLength {
		if i > begin && size+len(e.Tokens) > tokens {
			parts = append(parts, byLength[begin:i])
			begin, size = i, 0
		}
		size += len(e.Tokens)
	}
	return append(parts, byLength[begin:])
}

// Pack packs examples into rows as wide as the longest text, by first-fit decreasing: the longest text
// first, each into the first row with room. No row wastes more than its tail, and the result depends on
// nothing but the order and lengths of the examples.
func Pack(examples []Example, classes int) *Batch {
	b := &Batch{Texts: len(examples), Classes: classes}
	order := make([]int, len(examples))
	for i, e := range examples {
		order[i] = i
		b.Tokens += len(e.Tokens)
		b.Longest = max(b.Longest, len(e.Tokens))
	}
	b.Width = b.Longest
	slices.SortStableFunc(order, func(i, j int) int { return len(examples[j].Tokens) - len(examples[i].Tokens) })

	row, column := make([]int, len(examples)), make([]int, len(examples))
	var used []int // slots taken in each row
	for _, text := range order {
		length := len(examples[text].Tokens)
		r := slices.IndexFunc(used, func(u int) bool { return u+length <= b.Width })
		if r < 0 {
			r, used = len(used), append(used, 0)
		}
		row[text], column[text] = r, used[r]
		used[r] += length
	}
	b.Rows = len(used)
	b.fill(examples, row, column)
	return b
}

func (b *Batch) fill(examples []Example, row, column []int) {
	for _, field := range []*[]int64{&b.InputIDs, &b.PositionIDs, &b.TokenText, &b.TokenRow, &b.TokenColumn} {
		*field = make([]int64, 0, b.Tokens)
	}
	b.RowTokens = make([]int64, b.Rows*b.Width)
	b.RowText = slices.Repeat([]int64{-1}, b.Rows*b.Width)
	b.TextTokens = make([]int64, b.Texts*b.Longest)
	b.TextMask = make([]float32, b.Texts*b.Longest)
	b.FirstTokens = make([]int64, b.Texts)
	b.Targets, b.Expert = make([]float32, b.Texts*b.Classes), make([]float32, b.Texts*b.Classes)
	for text, e := range examples {
		b.FirstTokens[text] = int64(len(b.InputIDs))
		b.Targets[text*b.Classes+e.Label] = e.weight()
		copy(b.Expert[text*b.Classes:], e.Expert)
		for position, id := range e.Tokens {
			token := int64(len(b.InputIDs))
			slot := row[text]*b.Width + column[text] + position
			b.RowTokens[slot], b.RowText[slot] = token, int64(text)
			b.TextTokens[text*b.Longest+position] = token
			b.TextMask[text*b.Longest+position] = 1
			b.InputIDs = append(b.InputIDs, int64(id))
			b.PositionIDs = append(b.PositionIDs, int64(position))
			b.TokenText = append(b.TokenText, int64(text))
			b.TokenRow = append(b.TokenRow, int64(row[text]))
			b.TokenColumn = append(b.TokenColumn, int64(column[text]+position))
		}
	}
}

// dimensions gives the value of each symbolic size of a manifest for this batch.
func (b *Batch) dimensions() map[string]int64 {
	return map[string]int64{
		"T": int64(b.Tokens), "R": int64(b.Rows), "W": int64(b.Width),
		"B": int64(b.Texts), "L": int64(b.Longest), "C": int64(b.Classes),
	}
}
