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

// Measured are the rates of the search as it is, Alone those without trusted texts.
var (
	Measured = Rates{Trusted: 96, Clean: 79, Called: 1, Poisoned: 34, Missed: 3, Covered: 30, CoveredOf: 31, LargestGainOfWrongCalls: 127}
	Alone    = Rates{Clean: 79, Called: 3, Poisoned: 22, Missed: 3, Covered: 15, CoveredOf: 19, LargestGainOfWrongCalls: 373}
)

// With says what the sets were searched with.
func (r Rates) With() string {
	if r.Trusted == 0 {
		return "without trusted texts"
	}
	return fmt.Sprintf("with %d trusted texts", r.Trusted)
}

// ratesOf are those of searches with so many trusted texts, as far as they were measured.
func ratesOf(trusted int) Rates {
	if trusted == 0 {
		return Alone
	}
	return Measured
}

// Sure says for people how often a verdict of this kind is wrong: that a set is poisoned, or that no label looks so.
func Sure(called bool, trusted int) string {
	r := ratesOf(trusted)
	kind, sets, wrong, how := "poisoned", r.Poisoned, r.Missed, "not called poisoned"
	if called {
		kind, sets, wrong, how = "clean", r.Clean, r.Called, "called poisoned"
	}
	were := "were"
	if wrong == 1 {
		were = "was"
	}
	text := fmt.Sprintf("How sure: of %d %s sets that were searched %s, %d %s %s", sets, kind, r.With(), wrong, were, how)
	if trusted < r.Trusted {
		text += fmt.Sprintf("; you have %d", trusted)
	}
	return text + "."
}

// Doubtful says in a sentence that the evidence is no more than that of a label that was called wrongly in a search with or without trusted
// texts; "" if it is more, or not known.
func (f Finding) Doubtful(trusted int) string {
	if f.Gain == 0 || f.Gain > float64(ratesOf(trusted).LargestGainOfWrongCalls) {
		return ""
	}
	return "Labels that nobody attacked have had as much evidence: read the texts before you act."
}
