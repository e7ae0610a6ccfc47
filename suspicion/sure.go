package suspicion

import "fmt"

// Rates tell how often searches erred in sets of which it is known whether they are poisoned. docs/purify.md lists the sets; a test of
// tools/bench/suspicion compares these numbers with what was measured.
type Rates struct {
	Trusted                 int // texts, in each search
	Clean, Called           int // clean sets, and how many of them were called poisoned
	Poisoned, Missed        int // poisoned sets, and how many of them were not
	Covered, CoveredOf      int // attacked labels that were called, and in how many the bounds hold the true number of poisoned texts
	LargestGainOfWrongCalls int // nats, rounded up: of labels that were called and had no poisoned text
}

// Measured are the rates of the search as it is.
var Measured = Rates{Trusted: 96, Clean: 79, Called: 1, Poisoned: 34, Missed: 3, Covered: 30, CoveredOf: 31, LargestGainOfWrongCalls: 127}

// Sure says for people how often a verdict of this kind is wrong: that a set is poisoned, or that no label looks so.
func Sure(called bool, trusted int) string {
	if trusted == 0 {
		return "How sure: nobody has measured how often the search errs without trusted texts, so take this as a hint."
	}
	text := fmt.Sprintf("How sure: of %d poisoned sets that were searched with %d trusted texts, %d were not called poisoned", Measured.Poisoned, Measured.Trusted, Measured.Missed)
	if called {
		text = fmt.Sprintf("How sure: of %d clean sets that were searched with %d trusted texts, %d was called poisoned", Measured.Clean, Measured.Trusted, Measured.Called)
	}
	if trusted < Measured.Trusted {
		text += fmt.Sprintf("; you have %d", trusted)
	}
	return text + "."
}

// Doubtful says in a sentence that the evidence is no more than that of a label that was called wrongly; "" if it is more, or not known.
func (f Finding) Doubtful() string {
	if f.Gain == 0 || f.Gain > float64(Measured.LargestGainOfWrongCalls) {
		return ""
	}
	return "Labels that nobody attacked have had as much evidence: read the texts before you act."
}
