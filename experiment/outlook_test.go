package experiment

import (
	"testing"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/ortrain"
)

// 100 texts of 2 epochs, 10 dev texts and 15 test texts.
func outlookOf(t *testing.T, name string) *outlook {
	t.Helper()
	method, err := defence.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	ready := prepared{train: make([]dataset.Text, 90), suspect: make([]dataset.Text, 100), dev: make([]dataset.Text, 10)}
	ready.setting = ortrain.Setting{Epochs: 2, BatchSize: 8}
	return new(Plan).newOutlook(method, ready, 15)
}

func TestOutlookWhileReading(t *testing.T) {
	begun := time.Unix(1000, 0)
	after := func(seconds int) time.Time { return begun.Add(time.Duration(seconds) * time.Second) }
	search := 100 * searchTime
	// Of one reading of all texts, 20 s: 2 epochs of 90 texts at a method's cost, and 2 · 10 + 2 · 15 answers.
	for _, c := range []struct {
		method string
		later  time.Duration
	}{
		{"purify", 100 * time.Second},            // 2.5 · 180 + 50
		{"purify+vanilla", 136 * time.Second},    // 3.5 · 180 + 50
		{"purify+musclelora", 190 * time.Second}, // 5 · 180 + 50
	} {
		o := outlookOf(t, c.method)
		o.begun = begun
		for _, at := range []struct {
			seconds int
			share   float64 // newly read, 0 if nothing is
			want    time.Duration
		}{
			{0, 0, 0}, // nothing tells it
			{5, 0.25, 15*time.Second + search + c.later},
			{20, 1, search + c.later},
			{60, 0, c.later}, // the search takes longer than thought
		} {
			if at.share > 0 {
				o.read(after(at.seconds), at.share)
			}
			if got := o.left(after(at.seconds)); got != at.want {
				t.Errorf("%s after %d s: %v, want %v", c.method, at.seconds, got, at.want)
			}
		}
	}
}

// A step of a probe takes as long as one of training: 24 of these follow.
func TestOutlookWhileProbing(t *testing.T) {
	o, begun := outlookOf(t, "cube"), time.Unix(1000, 0)
	o.probed(begun, 5, 20) // a probe that goes on
	if got := o.left(begun); got != 0 {
		t.Errorf("after one step %v, want 0", got)
	}
	o.probed(begun.Add(10*time.Second), 10, 20)
	if got, want := o.left(begun), 2*(10+24)*time.Second; got != want {
		t.Errorf("%v left, want %v", got, want)
	}
}
