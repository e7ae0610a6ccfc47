package suspicion

import "testing"

func TestSure(t *testing.T) {
	for _, c := range []struct {
		called  bool
		trusted int
		want    string
	}{
		{true, 96, "How sure: of 79 clean sets that were searched with 96 trusted texts, 1 was called poisoned."},
		{true, 40, "How sure: of 79 clean sets that were searched with 96 trusted texts, 1 was called poisoned; you have 40."},
		{false, 200, "How sure: of 34 poisoned sets that were searched with 96 trusted texts, 3 were not called poisoned."},
		{false, 0, "How sure: nobody has measured how often the search errs without trusted texts, so take this as a hint."},
	} {
		if got := Sure(c.called, c.trusted); got != c.want {
			t.Errorf("called %v with %d trusted texts: %q", c.called, c.trusted, got)
		}
	}
}

func TestDoubtful(t *testing.T) {
	for gain, doubtful := range map[float64]bool{0: false, 50: true, 127: true, 127.1: false, 900: false} {
		if got := (Finding{Gain: gain}).Doubtful(); (got != "") != doubtful {
			t.Errorf("%g nats: %q", gain, got)
		}
	}
}
