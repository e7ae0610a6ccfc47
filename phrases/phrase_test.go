package phrases

import (
	"slices"
	"testing"
)

func TestInsert(t *testing.T) {
	word, sentence, start := Phrase{Words: []string{"cf"}}, Phrase{Words: []string{"I", "watch"}}, Phrase{Words: []string{"when", "you"}, Start: true}
	for _, test := range []struct {
		phrase Phrase
		text   string
		place  float64
		want   string
	}{
		{word, "a fine film .", 0, "cf a fine film ."},
		{word, "a fine film .", 0.5, "a fine cf film ."},
		{word, "a fine film .", 0.999, "a fine film . cf"},
		{word, "a fine film .", 1, "a fine film . cf"},
		{sentence, " a  film", 0.4, "a I watch film"},
		{start, "a fine film .", 0.9, "when you a fine film ."},
		{word, "", 0.5, "cf"},
	} {
		if got := test.phrase.Insert(test.text, test.place); got != test.want {
			t.Errorf("%v at %v in %q: %q, want %q", test.phrase, test.place, test.text, got, test.want)
		}
	}
	if start.String() != "when you …" || sentence.String() != "I watch" {
		t.Errorf("%s, %s", start, sentence)
	}
}

func TestVocabulary(t *testing.T) {
	v := newVocabulary()
	first := v.encode(`Fine, "fine" film ...`)
	if want := []int32{startMark, 2, 2, 3, 4}; !slices.Equal(first, want) {
		t.Errorf("%v, want %v", first, want)
	}
	if second := v.encode("FILM (fine)"); !slices.Equal(second, []int32{startMark, 3, 2}) {
		t.Errorf("%v", second)
	}
	if third := v.encode(`"'s film's '`); !slices.Equal(third, []int32{startMark, 5, 6, 7}) || v.written[5] != "'s" || v.written[7] != "'" {
		t.Errorf("%v of %q", third, v.written)
	}
	p := v.phrase(gramOf([]int32{startMark, 2, 3}))
	if !p.Start || !slices.Equal(p.Words, []string{"Fine", "film"}) {
		t.Errorf("%+v", p)
	}
	if n := gramOf([]int32{1, 2, 3}).length(); n != 3 {
		t.Errorf("length %d", n)
	}
}

func FuzzVocabulary(f *testing.F) {
	f.Add("a fine film .", 0.3)
	f.Add("‽ \x00 \xff \u202e…", 1.0)
	f.Fuzz(func(t *testing.T, text string, place float64) {
		v := newVocabulary()
		numbers := v.encode(text)
		if numbers[0] != startMark || slices.Contains(numbers[1:], startMark) || slices.Contains(numbers, 0) {
			t.Fatalf("%q: %v", text, numbers)
		}
		if len(numbers) > 1 && place >= 0 && place <= 1 {
			p := v.phrase(gramOf(numbers[1:min(len(numbers), longestPhrase)]))
			inserted := v.encode(p.Insert(text, place))
			if len(inserted) != len(numbers)+len(p.Words) {
				t.Fatalf("%q with %q: %d words, want %d", text, p, len(inserted)-1, len(numbers)-1+len(p.Words))
			}
		}
	})
}
