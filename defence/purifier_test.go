package defence

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mslora/dataset"
)

// says is a purifier, and a filter, that says what it was told to.
type says struct {
	decisions []Decision
	sifted    []Sifted
	err       error
	seen      *Bench
}

func (says) Name() string { return "says" }

func (s says) Purify(_ context.Context, bench Bench) (Judgement, error) {
	if s.seen != nil {
		*s.seen = bench
	}
	return Judgement{Decisions: s.decisions}, s.err
}

func (s says) Fit(_ context.Context, bench Bench) (Sieve, error) {
	*s.seen = bench
	return func(context.Context, []string) ([]Sifted, error) { return s.sifted, s.err }, nil
}

func TestPurify(t *testing.T) {
	keep, drop := Decision{Keep: true}, Decision{Why: "has a trigger"}
	for _, test := range []struct {
		name     string
		purifier says
		want     string
	}{
		{"all kept", says{decisions: []Decision{keep, keep, keep}}, ""},
		{"one dropped", says{decisions: []Decision{keep, keep, drop}}, ""},
		{"too few", says{decisions: []Decision{keep, keep}}, "says decided on 2 of 3 texts"},
		{"a class without texts", says{decisions: []Decision{drop, keep, keep}}, "says drops every text of label 0"},
		{"failed", says{err: errors.New("no words")}, "says: no words"},
	} {
		var seen Bench
		test.purifier.seen = &seen
		bench := Bench{Classes: 2, Train: []dataset.Text{{Text: "a", Label: 0}, {Text: "b", Label: 1}, {Text: "c", Label: 1, Poisoned: true}}}
		got, err := Method{Purifier: test.purifier}.Purify(context.Background(), bench)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if err == nil && len(got.Decisions) != 3 {
			t.Errorf("%s: %v", test.name, got)
		}
		if dataset.Poisoned(seen.Train) != 0 {
			t.Errorf("%s: the purifier was told which texts are poisoned", test.name)
		}
	}
	if got, err := (Method{}).Purify(context.Background(), Bench{}); got.Decisions != nil || err != nil {
		t.Errorf("without a purifier: %v, error %v", got, err)
	}
}

func TestSieve(t *testing.T) {
	if sieve, err := (Method{}).Sieve(context.Background(), Bench{}); sieve != nil || err != nil {
		t.Errorf("without a filter there is a sieve, error %v", err)
	}
	var seen Bench
	filter := says{sifted: []Sifted{{Text: "a"}, {Flagged: true}}, seen: &seen}
	sieve, err := Method{Filter: filter}.Sieve(context.Background(), Bench{Train: []dataset.Text{{Text: "a"}}})
	if err != nil || seen.Train != nil {
		t.Fatalf("error %v; training texts %v", err, seen.Train)
	}
	if got, err := sieve(context.Background(), []string{"a", "b"}); err != nil || !got[1].Flagged {
		t.Errorf("got %v, error %v", got, err)
	}
	if _, err := sieve(context.Background(), []string{"a"}); err == nil || err.Error() != "says: 2 of 1 texts came back" {
		t.Errorf("error %v", err)
	}
}
