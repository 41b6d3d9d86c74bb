-- The health of a ProxiedApp in Argo CD, derived from the conditions in its status.
-- Argo CD runs this for resource.customizations.health.proxiedapp.dev_ProxiedApp; health_test.yaml lists the expected results.
local function answer(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return answer("Progressing", "Being deleted")
end

local status = obj.status
if status == nil or status.conditions == nil then
  return answer("Progressing", "Waiting for the operator")
end

local present = {}
for _, condition in ipairs(status.conditions) do
  -- Ignore conditions of an earlier generation.
  if condition.observedGeneration == obj.metadata.generation then
    present[condition.type] = condition
  end
end
local ready, stalled = present.Ready, present.Stalled

for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" and condition.reason == "Suspended" then
    return answer("Suspended", condition.message)
  end
  if condition.type == "Ready" and condition.reason == "Pending" then
    return answer("Progressing", "Waiting for the operator")
  end
end
if status.observedGeneration ~= obj.metadata.generation then
  return answer("Progressing", "Waiting for the operator to take in the change")
end
if stalled ~= nil and stalled.status == "True" then
  return answer("Degraded", stalled.message)
end
if ready ~= nil and ready.status == "True" then
  return answer("Healthy", ready.message)
end
if ready ~= nil then
  return answer("Progressing", ready.message)
end
return answer("Progressing", "Waiting for the operator")
