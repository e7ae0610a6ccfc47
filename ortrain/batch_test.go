package ortrain

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// texts makes examples of the given lengths with random tokens.
func texts(seed uint64, classes int, lengths ...int) []Example {
	random := rand.New(rand.NewPCG(seed, 1))
	examples := make([]Example, len(lengths))
	for i, n := range lengths {
		examples[i] = Example{Tokens: make([]int32, n), Label: random.IntN(classes)}
		for j := range examples[i].Tokens {
			examples[i].Tokens[j] = random.Int32N(1000)
		}
	}
	return examples
}

func randomLengths(seed uint64, n, longest int) []int {
	random := rand.New(rand.NewPCG(seed, 2))
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = 1 + random.IntN(longest)
	}
	return lengths
}

func TestPackKeepsEveryToken(t *testing.T) {
	for _, lengths := range [][]int{{1}, {5}, {3, 3, 3}, {9, 1, 4, 5, 2, 2, 9}, randomLengths(7, 64, 60)} {
		examples := texts(1, 3, lengths...)
		b := Pack(examples, 3)
		if b.Texts != len(lengths) || b.Width != slices.Max(lengths) || b.Longest != b.Width {
			t.Fatalf("lengths %v: texts %d, width %d, longest %d", lengths, b.Texts, b.Width, b.Longest)
		}
		seen := 0
		for text, e := range examples {
			first := int(b.FirstTokens[text])
			row := b.TokenRow[first]
			for position, id := range e.Tokens {
				token := first + position
				slot := int(b.TokenRow[token])*b.Width + int(b.TokenColumn[token])
				switch {
				case b.InputIDs[token] != int64(id),
					b.PositionIDs[token] != int64(position),
					b.TokenText[token] != int64(text),
					b.TokenRow[token] != row,
					b.RowTokens[slot] != int64(token),
					b.RowText[slot] != int64(text),
					b.TextTokens[text*b.Longest+position] != int64(token),
					b.TextMask[text*b.Longest+position] != 1:
					t.Fatalf("lengths %v: text %d, position %d is misplaced", lengths, text, position)
				}
				seen++
			}
			for c := range 3 {
				want := float32(0)
				if c == e.Label {
					want = 1
				}
				if b.Targets[text*3+c] != want {
					t.Fatalf("targets of text %d: %v", text, b.Targets[text*3:text*3+3])
				}
			}
		}
		filled := 0
		for _, text := range b.RowText {
			if text >= 0 {
				filled++
			}
		}
		if filled != seen || seen != b.Tokens {
			t.Fatalf("lengths %v: %d tokens, %d slots filled, %d seen", lengths, b.Tokens, filled, seen)
		}
	}
}

func TestPackFirstFitDecreasing(t *testing.T) {
	// Width 6. Sorted: 6, 4, 3, 2, 2, 1 -> rows {6}, {4, 2}, {3, 2, 1}.
	b := Pack(texts(1, 2, 2, 6, 3, 1, 4, 2), 2)
	want := []int64{
		1, 1, 1, 1, 1, 1,
		4, 4, 4, 4, 0, 0,
		2, 2, 2, 5, 5, 3,
	}
	if b.Rows != 3 || !slices.Equal(b.RowText, want) {
		t.Fatalf("rows %d: %v", b.Rows, b.RowText)
	}
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		lengths []int
		tokens  int
		want    [][]int
	}{
		{[]int{5, 3, 4}, 12, [][]int{{5, 3, 4}}}, // it fits: as it is
		{[]int{5, 3, 4}, 11, [][]int{{3, 4}, {5}}},
		{[]int{5, 3, 4}, 3, [][]int{{3}, {4}, {5}}}, // a text longer than a part is a part
		{[]int{9, 1, 1, 9, 1}, 10, [][]int{{1, 1, 1}, {9}, {9}}},
		{[]int{7}, 1, [][]int{{7}}},
	} {
		var got [][]int
		for _, part := range split(texts(1, 2, test.lengths...), test.tokens) {
			var lengths []int
			for _, e := range part {
				lengths = append(lengths, len(e.Tokens))
			}
			got = append(got, lengths)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("split(%v, %d) = %v, want %v", test.lengths, test.tokens, got, test.want)
		}
	}
}

func FuzzPack(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Add([]byte{255, 1, 1, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 || len(raw) > 100 {
			return
		}
		lengths, total := make([]int, len(raw)), 0
		for i, b := range raw {
			lengths[i] = int(b) + 1
			total += lengths[i]
		}
		b := Pack(texts(1, 2, lengths...), 2)
		if b.Tokens != total || b.Rows*b.Width < total || b.Rows > len(raw) {
			t.Fatalf("%d tokens in %d rows of %d", b.Tokens, b.Rows, b.Width)
		}
		// First-fit decreasing leaves at most one row half empty or less.
		used := make([]int, b.Rows)
		for i, text := range b.RowText {
			if text >= 0 {
				used[i/b.Width]++
			}
		}
		half := 0
		for _, u := range used {
			if 2*u <= b.Width {
				half++
			}
		}
		if half > 1 {
			t.Fatalf("%d rows are at most half full: %v of %d", half, used, b.Width)
		}
	})
}
