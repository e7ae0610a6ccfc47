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
		{true, 0, "How sure: of 79 clean sets that were searched without trusted texts, 3 were called poisoned."},
	} {
		if got := Sure(c.called, c.trusted); got != c.want {
			t.Errorf("called %v with %d trusted texts: %q", c.called, c.trusted, got)
		}
	}
}

func TestDoubtful(t *testing.T) {
	for _, c := range []struct {
		gain     float64
		trusted  int
		doubtful bool
	}{
		{0, 96, false}, {50, 96, true}, {127, 96, true}, {127.1, 96, false}, {127.1, 0, true}, {900, 96, false}, {900, 0, false}, {0, 0, false},
	} {
		if got := (Finding{Gain: c.gain}).Doubtful(c.trusted); (got != "") != c.doubtful {
			t.Errorf("%g nats with %d trusted texts: %q", c.gain, c.trusted, got)
		}
	}
}
