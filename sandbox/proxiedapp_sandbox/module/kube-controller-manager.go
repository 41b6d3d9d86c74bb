package main

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // runs CronJobs in their time zones

	corev1 "k8s.io/api/core/v1"
	apiextensionsscheme "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/scheme"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/controller-manager/pkg/clientbuilder"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/cronjob"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/disruption"
	"k8s.io/kubernetes/pkg/controller/endpoint"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/endpointslicemirroring"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/replication"
	"k8s.io/kubernetes/pkg/controller/resourcequota"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/servicecidrs"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	"k8s.io/kubernetes/pkg/controller/ttlafterfinished"
	"k8s.io/kubernetes/pkg/controller/validatingadmissionpolicystatus"
	"k8s.io/kubernetes/pkg/controller/volume/persistentvolume"
	"k8s.io/kubernetes/pkg/controller/volume/pvcprotection"
	"k8s.io/kubernetes/pkg/controller/volume/pvprotection"
	"k8s.io/kubernetes/pkg/generated/openapi"
	quota "k8s.io/kubernetes/pkg/quota/v1/install"
	tokens "k8s.io/kubernetes/pkg/serviceaccount"
	resourcemetrics "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
	"k8s.io/metrics/pkg/client/custom_metrics"
	"k8s.io/metrics/pkg/client/external_metrics"
)

// The controllers that have work in the sandbox, as cmd/kube-controller-manager of v1.36.3 starts them by default. It has
// others for cloud providers, volume plugins, certificates and nodes, whose packages take a seventh of the whole build.
func init() {
	parts["kube-controller-manager"] = func() {
		var flags managerFlags
		flag.StringVar(&flags.kubeconfig, "kubeconfig", "", "")
		flag.StringVar(&flags.key, "service-account-private-key-file", "", "")
		flag.StringVar(&flags.authority, "root-ca-file", "", "")
		flag.StringVar(&flags.controllers, "controllers", "*", "")
		flag.Float64Var(&flags.qps, "kube-api-qps", 20, "")
		flag.IntVar(&flags.burst, "kube-api-burst", 30, "")
		for _, always := range []string{"leader-elect", "secure-port", "use-service-account-credentials"} {
			flag.String(always, "", "is always off")
		}
		flag.Parse()
		runManager(context.Background(), flags)
	}
}

type managerFlags struct {
	kubeconfig, key, authority, controllers string
	qps                                     float64
	burst                                   int
}

func (f managerFlags) enabled(name string) bool {
	names := strings.Split(f.controllers, ",")
	return !slices.Contains(names, "-"+name) && (slices.Contains(names, name) || slices.Contains(names, "*"))
}

type manager struct {
	clientbuilder.SimpleControllerClientBuilder
	informers.SharedInformerFactory
	all     informerfactory.InformerFactory // also of resources without a type
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	started chan struct{}
	flags   managerFlags
}

func runManager(ctx context.Context, flags managerFlags) {
	config := must(clientcmd.BuildConfigFromFlags("", flags.kubeconfig))
	config.DisableCompression = true
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.QPS, config.Burst = float32(flags.qps), flags.burst
	rest.SetDefaultWarningHandler(rest.NoWarnings{})

	clients := clientbuilder.SimpleControllerClientBuilder{ClientConfig: config}
	client := clients.ClientOrDie("shared-informers")
	check(wait.PollUntilContextTimeout(ctx, time.Second, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		return client.Discovery().RESTClient().Get().AbsPath("/healthz").Do(ctx).Error() == nil, nil
	}))
	resync := resyncPeriod()
	typed := informers.NewSharedInformerFactoryWithOptions(client, resync, informers.WithTransform(trimmed))
	untyped := metadatainformer.NewSharedInformerFactoryWithOptions(
		metadata.NewForConfigOrDie(clients.ConfigOrDie("metadata-informers")), resync, metadatainformer.WithTransform(trimmed))
	m := &manager{
		clients, typed, informerfactory.NewInformerFactory(typed, untyped),
		restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(clients.DiscoveryClientOrDie("controller-discovery"))),
		make(chan struct{}), flags,
	}
	go wait.Until(m.mapper.Reset, 30*time.Second, ctx.Done())

	var runs []func(context.Context)
	for name, made := range controllers {
		if flags.enabled(name) {
			runs = append(runs, made(klog.NewContext(ctx, klog.LoggerWithName(klog.FromContext(ctx), name)), m))
		}
	}
	m.all.Start(ctx.Done())
	close(m.started)
	for _, run := range runs {
		go run(ctx)
	}
	<-ctx.Done()
}

// controllers has a constructor for each controller. Numbers are the defaults of Kubernetes.
var controllers = map[string]func(context.Context, *manager) func(context.Context){
	"clusterrole-aggregation-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("clusterrole-aggregation-controller")
		return workers(5, clusterroleaggregation.NewClusterRoleAggregation(m.Rbac().V1().ClusterRoles(), client.RbacV1()).Run)
	},
	"cronjob-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("cronjob-controller")
		return workers(5, must(cronjob.NewControllerV2(ctx, m.Batch().V1().Jobs(), m.Batch().V1().CronJobs(), client)).Run)
	},
	"daemonset-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(2, must(daemon.NewDaemonSetsController(
			ctx, m.Apps().V1().DaemonSets(), m.Apps().V1().ControllerRevisions(), m.Core().V1().Pods(), m.Core().V1().Nodes(),
			m.ClientOrDie("daemon-set-controller"), flowcontrol.NewBackOff(time.Second, 15*time.Minute))).Run)
	},
	"deployment-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(5, must(deployment.NewDeploymentController(
			ctx, m.Apps().V1().Deployments(), m.Apps().V1().ReplicaSets(), m.Core().V1().Pods(),
			m.ClientOrDie("deployment-controller"))).Run)
	},
	"disruption-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("disruption-controller")
		return disruption.NewDisruptionController(
			ctx, m.Core().V1().Pods(), m.Policy().V1().PodDisruptionBudgets(), m.Core().V1().ReplicationControllers(),
			m.Apps().V1().ReplicaSets(), m.Apps().V1().Deployments(), m.Apps().V1().StatefulSets(),
			client, m.mapper, m.scales("disruption-controller", client), client.Discovery()).Run
	},
	"endpoints-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(5, endpoint.NewEndpointController(
			ctx, m.Core().V1().Pods(), m.Core().V1().Services(), m.Core().V1().Endpoints(), m.ClientOrDie("endpoint-controller"),
			0).Run)
	},
	"endpointslice-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(5, endpointslice.NewController(
			ctx, m.Core().V1().Pods(), m.Core().V1().Services(), m.Core().V1().Nodes(), m.Discovery().V1().EndpointSlices(), 100,
			m.ClientOrDie("endpointslice-controller"), 0).Run)
	},
	"endpointslice-mirroring-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(5, endpointslicemirroring.NewController(
			ctx, m.Core().V1().Endpoints(), m.Discovery().V1().EndpointSlices(), m.Core().V1().Services(), 1000,
			m.ClientOrDie("endpointslicemirroring-controller"), 0).Run)
	},
	"garbage-collector-controller": func(ctx context.Context, m *manager) func(context.Context) {
		name := "generic-garbage-collector"
		config := m.ConfigOrDie(name)
		config.QPS *= 2 // each deletion takes two requests
		graph := garbagecollector.NewDependencyGraphBuilder(
			ctx, metadata.NewForConfigOrDie(m.ConfigOrDie("metadata-informers")), m.mapper,
			garbagecollector.DefaultIgnoredResources(), m.all, m.started)
		collector := must(garbagecollector.NewComposedGarbageCollector(
			ctx, m.ClientOrDie(name), metadata.NewForConfigOrDie(config), m.mapper, graph))
		return func(ctx context.Context) {
			go collector.Sync(ctx, m.DiscoveryClientOrDie(name), 30*time.Second)
			collector.Run(ctx, 20, 30*time.Second)
		}
	},
	"horizontal-pod-autoscaler-controller": func(ctx context.Context, m *manager) func(context.Context) {
		name, period := "horizontal-pod-autoscaler", 15*time.Second
		client, config := m.ClientOrDie(name), m.ConfigOrDie(name)
		versions := custom_metrics.NewAvailableAPIsGetter(client.Discovery())
		autoscaler := podautoscaler.NewHorizontalController(
			ctx, client.CoreV1(), m.scales(name, client), client.AutoscalingV2(), m.mapper,
			metrics.NewRESTMetricsClient(
				resourcemetrics.NewForConfigOrDie(config), custom_metrics.NewForConfig(config, m.mapper, versions),
				must(external_metrics.NewForConfig(config))),
			m.Autoscaling().V2().HorizontalPodAutoscalers(), m.Core().V1().Pods(),
			period, 5*time.Minute, 0.1, 5*time.Minute, 30*time.Second)
		return func(ctx context.Context) {
			go custom_metrics.PeriodicallyInvalidate(versions, period, ctx.Done())
			autoscaler.Run(ctx, 5)
		}
	},
	"job-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("job-controller")
		return workers(5, must(job.NewController(ctx, client, m.Core().V1().Pods(), m.Batch().V1().Jobs(), nil, nil)).Run)
	},
	"namespace-controller": func(ctx context.Context, m *manager) func(context.Context) {
		config := m.ConfigOrDie("namespace-controller")
		config.QPS, config.Burst = config.QPS*20, config.Burst*100 // it deletes in bulk
		client := clientset.NewForConfigOrDie(config)
		return workers(10, namespace.NewNamespaceController(
			ctx, client, metadata.NewForConfigOrDie(config), client.Discovery().ServerPreferredNamespacedResources,
			m.Core().V1().Namespaces(), 5*time.Minute, corev1.FinalizerKubernetes).Run)
	},
	"persistentvolume-binder-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return must(persistentvolume.NewController(ctx, persistentvolume.ControllerParameters{
			KubeClient:                m.ClientOrDie("persistent-volume-binder"),
			SyncPeriod:                15 * time.Second,
			VolumeInformer:            m.Core().V1().PersistentVolumes(),
			ClaimInformer:             m.Core().V1().PersistentVolumeClaims(),
			ClassInformer:             m.Storage().V1().StorageClasses(),
			PodInformer:               m.Core().V1().Pods(),
			NodeInformer:              m.Core().V1().Nodes(),
			EnableDynamicProvisioning: true,
		})).Run
	},
	"persistentvolume-protection-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("pv-protection-controller")
		return workers(1, pvprotection.NewPVProtectionController(
			klog.FromContext(ctx), m.Core().V1().PersistentVolumes(), client).Run)
	},
	"persistentvolumeclaim-protection-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("pvc-protection-controller")
		return workers(1, must(pvcprotection.NewPVCProtectionController(
			klog.FromContext(ctx), m.Core().V1().PersistentVolumeClaims(), m.Core().V1().Pods(), client)).Run)
	},
	"replicaset-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("replicaset-controller")
		return workers(5, replicaset.NewReplicaSetController(
			ctx, m.Apps().V1().ReplicaSets(), m.Core().V1().Pods(), client, replicaset.BurstReplicas).Run)
	},
	"replicationcontroller-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("replication-controller")
		return workers(5, replication.NewReplicationManager(
			ctx, m.Core().V1().Pods(), m.Core().V1().ReplicationControllers(), client, replication.BurstReplicas).Run)
	},
	"resourcequota-controller": func(ctx context.Context, m *manager) func(context.Context) {
		name := "resourcequota-controller"
		resources := m.DiscoveryClientOrDie(name).ServerPreferredNamespacedResources
		configuration := must(quota.NewQuotaConfigurationForControllers(generic.ListerFuncForResourceFunc(m.ForResource), m))
		found := must(resourcequota.NewController(ctx, &resourcequota.ControllerOptions{
			QuotaClient:               m.ClientOrDie(name).CoreV1(),
			ResourceQuotaInformer:     m.Core().V1().ResourceQuotas(),
			ResyncPeriod:              controller.StaticResyncPeriodFunc(5 * time.Minute),
			InformerFactory:           m.all,
			ReplenishmentResyncPeriod: resyncPeriod,
			DiscoveryFunc:             resources,
			IgnoredResourcesFunc:      configuration.IgnoredResources,
			InformersStarted:          m.started,
			Registry:                  generic.NewRegistry(configuration.Evaluators()),
			UpdateFilter:              quota.DefaultUpdateFilter(),
		}))
		return func(ctx context.Context) {
			go found.Sync(ctx, resources, 30*time.Second)
			found.Run(ctx, 5)
		}
	},
	"root-ca-certificate-publisher-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(1, must(rootcacertpublisher.NewPublisher(
			m.Core().V1().ConfigMaps(), m.Core().V1().Namespaces(), m.ClientOrDie("root-ca-cert-publisher"),
			must(os.ReadFile(m.flags.authority)))).Run)
	},
	"service-cidr-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("service-cidrs-controller")
		return workers(5, servicecidrs.NewController(
			ctx, m.Networking().V1().ServiceCIDRs(), m.Networking().V1().IPAddresses(), client).Run)
	},
	"serviceaccount-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(1, must(serviceaccount.NewServiceAccountsController(
			klog.FromContext(ctx), m.Core().V1().ServiceAccounts(), m.Core().V1().Namespaces(),
			m.ClientOrDie("service-account-controller"), serviceaccount.DefaultServiceAccountsControllerOptions())).Run)
	},
	"serviceaccount-token-controller": func(ctx context.Context, m *manager) func(context.Context) {
		key := must(keyutil.PrivateKeyFromFile(m.flags.key))
		return workers(5, must(serviceaccount.NewTokensController(
			klog.FromContext(ctx), m.Core().V1().ServiceAccounts(), m.Core().V1().Secrets(), m.ClientOrDie("tokens-controller"),
			serviceaccount.TokensControllerOptions{
				TokenGenerator: must(tokens.JWTTokenGenerator(tokens.LegacyIssuer, key)),
				RootCA:         must(os.ReadFile(m.flags.authority)),
			})).Run)
	},
	"statefulset-controller": func(ctx context.Context, m *manager) func(context.Context) {
		return workers(5, statefulset.NewStatefulSetController(
			ctx, m.Core().V1().Pods(), m.Apps().V1().StatefulSets(), m.Core().V1().PersistentVolumeClaims(),
			m.Apps().V1().ControllerRevisions(), m.ClientOrDie("statefulset-controller")).Run)
	},
	"ttl-after-finished-controller": func(ctx context.Context, m *manager) func(context.Context) {
		client := m.ClientOrDie("ttl-after-finished-controller")
		return workers(5, ttlafterfinished.New(ctx, m.Batch().V1().Jobs(), client).Run)
	},
	"validatingadmissionpolicy-status-controller": func(ctx context.Context, m *manager) func(context.Context) {
		name := "validatingadmissionpolicy-status-controller"
		schemas := resolver.NewDefinitionsSchemaResolver(
			openapi.GetOpenAPIDefinitions, scheme.Scheme, apiextensionsscheme.Scheme,
		).Combine(&resolver.ClientDiscoveryResolver{Discovery: m.DiscoveryClientOrDie(name)})
		return workers(5, must(validatingadmissionpolicystatus.NewController(
			m.Admissionregistration().V1().ValidatingAdmissionPolicies(),
			m.ClientOrDie(name).AdmissionregistrationV1().ValidatingAdmissionPolicies(),
			&validating.TypeChecker{SchemaResolver: schemas, RestMapper: m.mapper})).Run)
	},
}

func (m *manager) scales(name string, client clientset.Interface) scale.ScalesGetter {
	kinds := scale.NewDiscoveryScaleKindResolver(client.Discovery())
	return must(scale.NewForConfig(m.ConfigOrDie(name), m.mapper, dynamic.LegacyAPIPathResolverFunc, kinds))
}

func workers(count int, run func(context.Context, int)) func(context.Context) {
	return func(ctx context.Context) { run(ctx, count) }
}

func resyncPeriod() time.Duration {
	return wait.Jitter(12*time.Hour, 1)
}

// trimmed is an object without its managed fields, which no controller reads.
func trimmed(object any) (any, error) {
	if found, err := meta.Accessor(object); err == nil {
		found.SetManagedFields(nil)
	}
	return object, nil
}

func must[T any](made T, err error) T {
	check(err)
	return made
}

func check(err error) {
	if err != nil {
		klog.Background().Error(err, "kube-controller-manager cannot start")
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
}
