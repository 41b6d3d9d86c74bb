package main

import (
	"os"
	_ "time/tzdata" // validates the time zones of CronJobs

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func init() {
	parts["kube-apiserver"] = func() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
}
