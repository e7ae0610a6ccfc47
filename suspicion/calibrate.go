package suspicion

import (
	"math"

	"gonum.org/v1/gonum/optimize"

	"mslora/internal/logistic"
)

// calibration makes probabilities of log-odds. Those that come out of fold from penalised models are too timid, and some labels are wrong
// without anybody's intention.
type calibration struct {
	meaningScale, meaningShift float64 // of the log-odds of h
	noise                      float64 // share of labels that were given without regard to the text
	patternScale, patternShift float64 // of the log-odds of g
}

// firstNoise is the noise before anything is known of the labels.
const firstNoise = 0.02

// parameters of a calibration as the search sees them, all of them free: the noise as the log-odds of its double, as it is below ½.
var (
	firstParameters = [5]float64{1, 0, -3.2, 1, 0}
	priorStrengths  = [5]float64{1, 0.1, 0.1, 1, 0.01} // of ½·strength·(distance from the first)²: they decide where the labels do not
)

func calibrationOf(x []float64) calibration {
	return calibration{meaningScale: x[0], meaningShift: x[1], noise: 0.5 * logistic.Probability(x[2]), patternScale: x[3], patternShift: x[4]}
}

// honest is h of a text whose meaning has these log-odds; share is that of the label among all texts.
func (c calibration) honest(odds, share float64) float64 {
	return c.noise*share + (1-c.noise)*logistic.Probability(c.meaningScale*odds+c.meaningShift)
}

// poisoned are the log-odds of g of a text whose patterns have these log-odds.
func (c calibration) poisoned(odds float64) float64 { return c.patternScale*odds + c.patternShift }

// calibrate finds the calibration under which the labels are likeliest, and by how many nats they are likelier than without any poison.
func (m *mixture) calibrate() error {
	_, honest, err := m.likeliest(3)
	if err != nil {
		return err
	}
	at, poisoned, err := m.likeliest(5)
	if err != nil {
		return err
	}
	m.gain = honest - poisoned
	m.use(at)
	return nil
}

// share is that of the label among all texts.
func (m *mixture) share() float64 { return count(m.inside) / float64(len(m.inside)) }

// use gives h and g of all texts by a calibration.
func (m *mixture) use(c calibration) {
	m.at = c
	share := m.share()
	for i := range m.inside {
		m.honest[i] = c.honest(m.meaningOdds[i], share)
		m.poisoned[i] = c.poisoned(m.patternOdds[i])
	}
}

// likeliest searches over the first free parameters: three of h, for a set without poison, or all five.
func (m *mixture) likeliest(free int) (at calibration, loss float64, err error) {
	slope := make([]float64, free)
	result, err := optimize.Minimize(optimize.Problem{
		Func: func(x []float64) float64 { return m.loss(x, slope) },
		Grad: func(grad, x []float64) { m.loss(x, grad) },
	}, firstParameters[:free:free], &optimize.Settings{MajorIterations: 40, GradientThreshold: 1e-2}, &optimize.BFGS{})
	if result == nil {
		return calibration{}, 0, err
	}
	// An error beside a result says that no step leads further down.
	x := firstParameters
	copy(x[:], result.X)
	return calibrationOf(x[:]), result.F, nil
}

// loss is the negative log-likelihood of who has the label, and gradient becomes its gradient. With three parameters g is 0.
func (m *mixture) loss(x, gradient []float64) (loss float64) {
	all := firstParameters
	copy(all[:], x)
	c, attacked := calibrationOf(all[:]), len(x) == len(all)
	share := m.share()
	double := 2 * c.noise
	var sum [5]float64
	for i, is := range m.inside {
		p := logistic.Probability(c.meaningScale*m.meaningOdds[i] + c.meaningShift)
		h, g := c.noise*share+(1-c.noise)*p, 0.
		if attacked {
			g = logistic.Probability(c.poisoned(m.patternOdds[i]))
		}
		var byHonest, byPoisoned float64 // derivatives of the loss
		if is {
			q := g + (1-g)*h
			loss -= math.Log(q)
			byHonest, byPoisoned = -(1-g)/q, -(1-h)/q
		} else {
			loss -= math.Log1p(-g) + math.Log1p(-h)
			byHonest, byPoisoned = 1/(1-h), 1/(1-g)
		}
		byMeaning, byPattern := byHonest*(1-c.noise)*p*(1-p), byPoisoned*g*(1-g)
		sum[0] += byMeaning * m.meaningOdds[i]
		sum[1] += byMeaning
		sum[2] += byHonest * (share - p) * 0.5 * double * (1 - double)
		sum[3] += byPattern * m.patternOdds[i]
		sum[4] += byPattern
	}
	for k := range x {
		d := x[k] - firstParameters[k]
		loss += priorStrengths[k] / 2 * d * d
		gradient[k] = sum[k] + priorStrengths[k]*d
	}
	return loss
}
